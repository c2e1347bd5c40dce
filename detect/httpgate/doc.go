// Package httpgate is the way in for photos: one net/http middleware that lets
// a request through to the shop's own handler only after it has asked which
// tenant is calling and from which site, stripped the photo, and screened it.
//
//	gate, err := httpgate.New(people, detect.OnePerson(), &httpgate.Options{
//		Tenants: []httpgate.Tenant{{Name: "shop-a", Key: key, Origins: []string{"https://shop-a.example"}}},
//	})
//	http.Handle("/tryon", gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//		in := httpgate.From(r.Context())
//		// in.Tenant, in.Photo (a *detect.Screened) and in.Form
//	})))
//
// The key travels in the header X-Fitveil-Key. A key that a web page sends is
// readable by its visitors: it tells tenants apart and limits each one's rate;
// the list of origins keeps other sites' pages out. Neither replaces a login.
//
// A refusal is an application/problem+json document with a stable code; see
// the Code constants here and in package httpupload. What a refusal says holds
// nothing of the photo.
//
// # Limits
//
// Origins stop browsers, not programs. Rates are counted in this process: with
// several instances each allows its own.
package httpgate
