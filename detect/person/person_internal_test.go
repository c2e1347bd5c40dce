package person

import (
	"context"
	"errors"
	"image"
	"testing"
)

// TestDetectWaitsForASlot: with every slot taken, the next picture waits for as
// long as its context lets it.
func TestDetectWaitsForASlot(t *testing.T) {
	d := &Detector{nanodet: new(network), slots: make(chan struct{}, 1)}
	d.slots <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error)
	go func() {
		_, err := d.Detect(ctx, image.NewGray(image.Rect(0, 0, 8, 8)))
		answer <- err
	}()
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if len(d.slots) != 1 {
		t.Error("a picture that never had a slot gave one back")
	}
}
