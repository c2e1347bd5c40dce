// Package httpbackend is a small open protocol for a renderer of the shop's own,
// on a server of its own: the client side, and an http.Handler for the other.
//
//	// In the shop:
//	backend, err := httpbackend.New(&httpbackend.Options{
//		BaseURL: "https://renderer.example", Key: key,
//		Contract: &tryon.Contract{SubProcessor: "Renderer Ltd", Region: "EU"},
//	})
//
//	// On the renderer's server:
//	handler, err := httpbackend.NewHandler(draw, &httpbackend.HandlerOptions{Key: key})
//	defer handler.Close()
//	http.ListenAndServeTLS(":443", cert, certKey, handler)
//
// The protocol stands in openapi.yaml, which the handler serves at
// /v1/openapi.yaml. The shop chooses a job's name, so it is in the queue of
// deletions before the job exists, and a job is deleted with everything that
// belongs to it as soon as its pictures were fetched.
//
// # Limits
//
// The handler keeps jobs in memory, in one process, until they are deleted or
// HandlerOptions.Keep is over.
package httpbackend
