// Package httpupload takes a picture out of an HTTP request and hands it on as
// an [imageproc.Clean]: the body itself, or a file field of a multipart form.
// Whatever is wrong with it becomes a [Problem] with a status, a stable code and
// an English text, ready to be sent as application/problem+json.
//
//	http.HandleFunc("POST /photo", func(w http.ResponseWriter, r *http.Request) {
//		up, err := httpupload.Read(w, r, nil)
//		if err != nil {
//			httpupload.WriteProblem(w, err)
//			return
//		}
//		// up.Photo carries no metadata; up.Form holds the small fields beside it
//	})
//
// # Limits
//
// One picture per request, of at most SanitizeOptions.Limits.MaxBytes (20 MiB);
// forms of at most 32 parts, whose small fields take 64 KiB together. Nothing is
// written to disk. How long a slow client may take is the server's ReadTimeout.
package httpupload
