package tryon_test

import (
	"context"
	"expvar"
	"fmt"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/tryon"
)

// tracer stands for OpenTelemetry's; with it, record is
//
//	_, span := otel.Tracer("tryon").Start(ctx, name, trace.WithTimestamp(end.Add(-d)), trace.WithAttributes(...))
//	span.End(trace.WithTimestamp(end))
type tracer struct{}

func (tracer) record(ctx context.Context, name string, end time.Time, d time.Duration, attributes ...any) {
	fmt.Println("span", name, "in", ctx.Value(parent{}), attributes)
}

// parent is where a tracing library keeps the span of the shop's own request.
type parent struct{}

// Each event becomes a span: it is over when it is told, so that a span's start
// lies its duration before. Prometheus has the same use of Observe as expvar: a
// counter by stage, backend and outcome, and a histogram of durations.
func ExampleOptions_observe() {
	ctx := context.WithValue(context.Background(), parent{}, "POST /try-on")
	counts := new(expvar.Map).Init()
	backend := tryon.NewBackend(tryon.Profile{Name: "near", Tasks: []tryon.Task{tryon.OnPerson}},
		func(context.Context, *tryon.Input) (*tryon.Output, error) { return picture(), nil })
	client, err := tryon.New(&tryon.Options{
		Routes: []tryon.Route{{Backend: backend}},
		Observe: func(e tryon.Event) {
			counts.Add(fmt.Sprintf("tryon_%s_%s_%s", e.Stage, e.Backend, e.Outcome), 1)
		},
		Trace: func(ctx context.Context, e tryon.Event) {
			tracer{}.record(ctx, "tryon."+string(e.Stage), time.Now(), e.Duration, e.Backend, e.Outcome)
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	shopper := consent.NewSubject([]byte("an example key of 32 bytes or so"), "shop-a", "customer-4711")
	_, err = client.Render(ctx, consent.Unmanaged("example").For(shopper), &tryon.Request{
		Subject: shopper, Photo: examplePhoto(ctx), Items: []tryon.Item{{ID: "tee-4711", Image: exampleProduct(ctx)}},
	})
	fmt.Println(counts, err)
	// Output:
	// span tryon.release in POST /try-on [near ok]
	// span tryon.attempt in POST /try-on [near ok]
	// span tryon.render in POST /try-on [near ok]
	// {"tryon_attempt_near_ok": 1, "tryon_release_near_ok": 1, "tryon_render_near_ok": 1} <nil>
}
