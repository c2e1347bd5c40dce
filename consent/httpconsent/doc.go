// Package httpconsent puts a consent ledger behind HTTP: a form is handed out, what
// the person ticked comes back and becomes a receipt, and an agreement is taken
// back on the page or through a link in a mail.
//
//	h, err := httpconsent.New(ledger, &httpconsent.Options{
//		Key:     key, // 32 random bytes, kept with the ledger's keys
//		Shopper: func(r *http.Request) (tenant, id string) { return "shop-a", sessionOf(r) },
//		Tenants: []httpconsent.Tenant{{Name: "shop-a", Origins: []string{"https://shop-a.example"}, Notices: notices}},
//	})
//	http.Handle("/consent/", http.StripPrefix("/consent", h))
//
// The handler answers
//
//	GET  /form?notice=ID&language=TAG   the text, its boxes and a token, as JSON
//	POST /answer    form=TOKEN, and agree=PURPOSE for each box that was ticked
//	POST /beat      purpose=PURPOSE for each yes that ends with the visit ([Notice].Heartbeat); status 204
//	POST /withdraw  purpose=PURPOSE for some of them, nothing for all
//	GET  /withdraw?link=TOKEN           a page with one button
//	POST /withdraw  link=TOKEN          the same without a session
//
// with a receipt (status 201, or 200 where the same was sent before), or with an
// application/problem+json document of a stable code. A page that renders the
// form itself calls [Handler.Form].
//
// A token says which text was shown, to whom and when, under a MAC: nobody else's
// session can send it, no other site can make one, and a text that has changed
// since is not agreed to. The same answer sent twice is recorded once. Requests
// from pages of other sites are refused.
//
// A browser's Global Privacy Control signal (Sec-GPC: 1) refuses the boxes marked
// [Choice.Shares]; its absence agrees to nothing.
//
// # Limits
//
// How often somebody may ask is the server's to limit. A link works for as long
// as the key does, and does one thing only: whoever finds it can withdraw.
package httpconsent
