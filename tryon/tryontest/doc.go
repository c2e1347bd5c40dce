// Package tryontest is the suite that every try-on driver passes, and fakes of
// the services that the drivers of this module talk to.
//
//	func TestDriver(t *testing.T) {
//		tryontest.Run(t, tryontest.Driver{
//			New:     func() (tryon.Backend, error) { return mydriver.New(&mydriver.Options{Key: tryontest.Key, BaseURL: "https://my.fake.example"}) },
//			Service: func() tryontest.Service { return fake{} },
//			Async:   true,
//		})
//	}
//
// A driver to copy, its fake and its test are in examples/newdriver. A case that
// fails says what it asks of a driver.
//
// The driver's author writes a [Service]: what the real one answers, and how it
// says that something is wrong. The suite makes the rest go wrong: connections
// that break, answers cut short, redirects to the inside, pictures that are
// none. After each case it looks whether what is on record is what arrived,
// byte for byte, and whether a key, a name or metadata of the photo arrived
// where they do not belong.
//
// # Limits
//
// Requests travel in memory and time is simulated (testing/synctest): nothing
// here says how a driver copes with a real network, and the fakes are only as
// true as the documents they were written from.
package tryontest
