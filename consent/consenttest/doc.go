// Package consenttest is what a consent store must do, as tests that anybody
// can run against a store of their own.
//
//	func TestStore(t *testing.T) {
//		consenttest.Run(t, func(t *testing.T) consent.Store { return mystore.New(t) })
//	}
//
//	func TestStoreKeeps(t *testing.T) {
//		consenttest.RunDurable(t, func(dir string) (consenttest.Durable, error) {
//			return mystore.Open(filepath.Join(dir, "consent.db"))
//		})
//	}
//
//	func TestStoreSurvivesKill(t *testing.T) {
//		consenttest.RunCrash(t, 20, openInDir)
//	}
//
// Run wants an empty store each time and leaves closing to the caller's
// t.Cleanup. The other two open the same folder again and again, so they suit
// stores that keep their data there.
//
// # Limits
//
// Killing a process does not lose what the kernel holds: RunCrash shows that
// nothing is acknowledged too early within the program, not that the disk keeps
// its word when the power fails.
package consenttest
