package tryon_test

import (
	"bytes"
	"context"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fitveil/fitveil/tryon"
	"github.com/fitveil/fitveil/tryon/identity"
	"github.com/fitveil/fitveil/tryon/overlay"
)

// TestMinimiseCost draws a garment on each photograph twice, on what is sent by
// default and on the whole photograph in full size, and compares what the shopper
// sees of it inside of the region that may change. Outside of it both are the
// photograph.
func TestMinimiseCost(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "examples", "quickstart", "assets", "tee.png"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	p := remote("overlay-far-away", "api.renderer.example")
	p.MaxSide = 400
	local := overlay.New(nil)
	far := tryon.NewBackend(p, func(ctx context.Context, in *tryon.Input) (*tryon.Output, error) {
		h, err := local.Submit(ctx, in)
		if err != nil {
			return nil, err
		}
		return h.Done, nil
	})
	client := newClient(t, &tryon.Options{Ledger: w.ledger, Lock: &identity.Options{}, Routes: routes(far)})
	parts := map[string]tryon.Minimise{
		"all of it": {}, "only smaller": {KeepFrame: true, KeepBackground: true},
		"only cut and grey": {KeepSize: true},
	}
	similar := map[string][]float64{}
	for _, s := range allPhotographs(t) {
		r := w.of(s.Screened)
		r.Items = slices.Clone(r.Items)
		r.Items[0].Image = clean(t, bytes.Clone(data))
		r.Minimise = tryon.Minimise{KeepFrame: true, KeepBackground: true, KeepSize: true}
		whole, err := client.Render(t.Context(), w.permit, r)
		if err != nil {
			continue // the overlay refuses poses that it cannot dress well
		}
		mask := tryon.EditMask(r)
		want := pixelsOf(t, whole.Images[0])
		for name, m := range parts {
			r.Minimise = m
			result, err := client.Render(t.Context(), w.permit, r)
			if err != nil {
				t.Logf("%s, %s: %v", s.name, name, err)
				similar[name] = append(similar[name], 0)
				continue
			}
			similar[name] = append(similar[name], ssim(want, pixelsOf(t, result.Images[0]), mask))
		}
	}
	for name, list := range similar {
		slices.Sort(list)
		sum := 0.
		for _, v := range list {
			sum += v
		}
		t.Logf("%-18s SSIM inside of the region, %d photographs: mean %.3f, median %.3f, least %.3f",
			name, len(list), sum/float64(len(list)), list[len(list)/2], list[0])
	}
	if all := similar["all of it"]; len(all) == 0 || all[len(all)/2] < .8 {
		t.Errorf("sending less costs too much: %v", all)
	}
}

// ssim is the structural similarity (Wang et al. 2004) of the luma of two
// pictures, in blocks of 8 pixels that lie in the mask.
func ssim(a, b *image.NRGBA, mask *image.Alpha) float64 {
	const side, c1, c2 = 8, 6.5025, 58.5225
	sum, n := 0., 0
	luma := func(p *image.NRGBA, x, y int) float64 {
		c := p.NRGBAAt(x, y)
		return .299*float64(c.R) + .587*float64(c.G) + .114*float64(c.B)
	}
	for y := 0; y+side <= a.Rect.Dy(); y += side {
		for x := 0; x+side <= a.Rect.Dx(); x += side {
			var ma, mb, aa, bb, ab float64
			inside := true
			for j := range side * side {
				px, py := x+j%side, y+j/side
				inside = inside && mask.AlphaAt(px, py).A == 255
				u, v := luma(a, px, py), luma(b, px, py)
				ma, mb, aa, bb, ab = ma+u, mb+v, aa+u*u, bb+v*v, ab+u*v
			}
			if !inside {
				continue
			}
			const k = side * side
			ma, mb = ma/k, mb/k
			va, vb, cov := aa/k-ma*ma, bb/k-mb*mb, ab/k-ma*mb
			sum += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}
