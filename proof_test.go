package fitveil_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fitveil/fitveil/consent"
	"github.com/fitveil/fitveil/consent/memstore"
	"github.com/fitveil/fitveil/detect"
	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/tryon"
)

// secret is the raw id of a person; it must not come out anywhere.
const secret = "customer-4711-jane.doe@example.com"

// picture sanitises a small PNG of one colour.
func picture(t *testing.T, c color.Color) *imageproc.Clean {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 40, 50))
	for y := range 50 {
		for x := range 40 {
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	clean, err := imageproc.Sanitize(t.Context(), &b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return clean
}

// one is a detector that finds one person, frontal and whole, in any picture.
type one struct{}

func (one) Detect(_ context.Context, img image.Image) (*detect.Scene, error) {
	b := img.Bounds()
	p := detect.Person{Box: b, Score: 0.9, Keypoints: make([]detect.Keypoint, detect.NumKeypoints)}
	for i := range p.Keypoints {
		p.Keypoints[i] = detect.Keypoint{X: float32(b.Dx()) / 2, Y: float32(b.Dy()) / 2, Score: 0.9}
	}
	return &detect.Scene{Presence: 0.9, People: []detect.Person{p}, Bounds: b, Model: "test"}, nil
}

func screen(t *testing.T, photo *imageproc.Clean) *detect.Screened {
	t.Helper()
	s, err := detect.Screen(t.Context(), one{}, photo, detect.OnePerson(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// managed opens a ledger in memory and grants try-on to one subject.
func managed(t *testing.T) (*consent.Ledger, consent.Subject, consent.Permit) {
	t.Helper()
	ledger, err := consent.New(memstore.New(), nil)
	if err != nil {
		t.Fatal(err)
	}
	subject := ledger.Subject("shop-a", secret)
	_, err = ledger.Grant(t.Context(), consent.Grant{
		Subject:  subject,
		Purposes: []consent.Purpose{consent.TryOnRender},
		Evidence: consent.Evidence{
			Notice:      consent.NoticeRef{ID: "tryon", Version: "1", Language: "en", SHA256: [32]byte{1}},
			Choices:     []consent.Choice{{Purpose: consent.TryOnRender, Granted: true}},
			Affirmative: true,
			Surface:     "proof-test/1",
			At:          time.Now(),
			Nonce:       []byte("proof-test-nonce-1"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	permit, err := ledger.Permit(t.Context(), consent.Query{Subject: subject, Purpose: consent.TryOnRender})
	if err != nil {
		t.Fatal(err)
	}
	return ledger, subject, permit
}

// counting is a backend that counts how often a photo reached it.
func counting(n *int, during func()) tryon.Backend {
	return tryon.NewBackend(tryon.Profile{Name: "counting", Tasks: []tryon.Task{tryon.OnPerson}},
		func(_ context.Context, in *tryon.Input) (*tryon.Output, error) {
			*n++
			if during != nil {
				during()
			}
			return &tryon.Output{Images: []tryon.Encoded{{Data: in.Photo.Photo().Bytes()}}}, nil
		})
}

func TestForgedProofsAreRefused(t *testing.T) {
	ledger, subject, permit := managed(t)
	other, _, foreign := managed(t)
	_ = other
	photo := picture(t, color.NRGBA{200, 10, 10, 255})
	item := tryon.Item{ID: "tee", Image: picture(t, color.NRGBA{10, 200, 10, 255}), Garment: tryon.Top}
	screened := screen(t, photo)

	var decodedClean imageproc.Clean
	decode(t, photo, &decodedClean)
	var decodedScreened detect.Screened
	decode(t, screened, &decodedScreened)
	var decodedPermit consent.Permit
	decode(t, permit, &decodedPermit)
	var decodedSubject consent.Subject
	decode(t, subject, &decodedSubject)

	type row struct {
		name    string
		permit  consent.Permit
		request tryon.Request
		code    tryon.Code
		reason  tryon.Reason
	}
	good := tryon.Request{Subject: subject, Photo: screened, Items: []tryon.Item{item}}
	with := func(change func(*tryon.Request)) tryon.Request {
		r := good
		r.Items = append([]tryon.Item(nil), good.Items...)
		change(&r)
		return r
	}
	stranger := ledger.Subject("shop-a", "somebody else")
	mismatch := tryon.Reason(consent.PermitMismatch)
	rows := []row{
		{"zero permit", consent.Permit{}, good, tryon.NoConsent, "no-permit"},
		{"decoded permit", decodedPermit, good, tryon.NoConsent, "no-permit"},
		{"permit of another ledger", foreign, good, tryon.NoConsent, "foreign-permit"},
		{"unmanaged permit", consent.Unmanaged("no ledger here").For(subject), good, tryon.NoConsent, "unmanaged-permit"},
		{"permit for another subject", permit, with(func(r *tryon.Request) { r.Subject = stranger }), tryon.NoConsent, mismatch},
		{"permit bound again", permit.For(stranger), with(func(r *tryon.Request) { r.Subject = stranger }), tryon.NoConsent, "no-permit"},
		{"permit bound again to its own subject", permit.For(subject), good, tryon.NoConsent, "no-permit"},
		{"permit for another tenant", permit, with(func(r *tryon.Request) { r.Subject = ledger.Subject("shop-b", secret) }), tryon.NoConsent, mismatch},
		{"zero subject", permit, with(func(r *tryon.Request) { r.Subject = consent.Subject{} }), tryon.NoConsent, mismatch},
		{"decoded subject", permit, with(func(r *tryon.Request) { r.Subject = decodedSubject }), tryon.NoConsent, mismatch},
		{"no photo", permit, with(func(r *tryon.Request) { r.Photo = nil }), tryon.NotScreened, ""},
		{"zero photo", permit, with(func(r *tryon.Request) { r.Photo = new(detect.Screened) }), tryon.NotScreened, ""},
		{"decoded photo", permit, with(func(r *tryon.Request) { r.Photo = &decodedScreened }), tryon.NotScreened, ""},
		{"no item picture", permit, with(func(r *tryon.Request) { r.Items[0].Image = nil }), tryon.BadRequest, "item-image"},
		{"zero item picture", permit, with(func(r *tryon.Request) { r.Items[0].Image = new(imageproc.Clean) }), tryon.BadRequest, "item-image"},
		{"decoded item picture", permit, with(func(r *tryon.Request) { r.Items[0].Image = &decodedClean }), tryon.BadRequest, "item-image"},
		{"room task with a person in the photo", permit, with(func(r *tryon.Request) { r.Task = tryon.InRoom }), tryon.PolicyRefused, "people"},
	}
	reached := 0
	client, err := tryon.New(&tryon.Options{Routes: []tryon.Route{{Backend: counting(&reached, nil)}}, Ledger: ledger})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			_, err := client.Render(t.Context(), r.permit, &r.request)
			var refused *tryon.Error
			if !errors.As(err, &refused) {
				t.Fatalf("not refused: %v", err)
			}
			if refused.Code != r.code || refused.Reason != r.reason {
				t.Errorf("refused for %v (%s), want %v (%s)", refused.Code, refused.Reason, r.code, r.reason)
			}
			if reached != 0 {
				t.Errorf("the backend was reached %d times", reached)
				reached = 0
			}
		})
	}
	if _, err := client.Render(t.Context(), permit, &good); err != nil || reached != 1 {
		t.Errorf("the honest request: %v, backend reached %d times", err, reached)
	}
}

// decode sends a proof through JSON and gob into dst. Where an encoder refuses,
// nothing can be decoded, which is as good.
func decode(t *testing.T, proof, dst any) {
	t.Helper()
	if data, err := json.Marshal(proof); err == nil {
		if err := json.Unmarshal(data, dst); err == nil && !reflect.ValueOf(dst).Elem().IsZero() {
			t.Errorf("%T: JSON decoding made a proof", proof)
		}
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(proof); err == nil {
		if err := gob.NewDecoder(&b).Decode(dst); err == nil && !reflect.ValueOf(dst).Elem().IsZero() {
			t.Errorf("%T: gob decoding made a proof", proof)
		}
	}
	if f := reflect.ValueOf(dst).Elem().Field(0); f.CanSet() {
		t.Errorf("%T: reflection can set %s", proof, f.Type())
	}
}

func TestDetectorIsNotAskedForAForgedClean(t *testing.T) {
	asked := false
	d := funcDetector(func() { asked = true })
	for name, photo := range map[string]*imageproc.Clean{"nil": nil, "zero": new(imageproc.Clean)} {
		if _, err := detect.Screen(t.Context(), d, photo, detect.AnyPeople(), nil); err == nil || asked {
			t.Errorf("%s: screened, detector asked: %t", name, asked)
		}
	}
}

type funcDetector func()

func (f funcDetector) Detect(ctx context.Context, img image.Image) (*detect.Scene, error) {
	f()
	return one{}.Detect(ctx, img)
}

// meddler swaps the photo it is handed for another one.
type meddler struct {
	one
	other *imageproc.Clean
}

func (m meddler) DetectPhoto(ctx context.Context, photo *imageproc.Clean) (*detect.Scene, error) {
	s, err := m.Detect(ctx, image.NewGray(photo.Bounds()))
	*photo = *m.other
	return s, err
}

// keeper is a reader that keeps every slice it was asked to fill, to its full
// capacity.
type keeper struct {
	r    io.Reader
	kept [][]byte
}

func (k *keeper) Read(p []byte) (int, error) {
	k.kept = append(k.kept, p[:cap(p)])
	return k.r.Read(p)
}

func (k *keeper) overwrite() {
	for _, p := range k.kept {
		for i := range p {
			p[i] ^= 0xFF
		}
	}
}

func TestProofsCannotBeSwapped(t *testing.T) {
	red, blue := picture(t, color.NRGBA{255, 0, 0, 255}), picture(t, color.NRGBA{0, 0, 255, 255})
	want, sum := red.Bytes(), red.SHA256()

	t.Run("reader keeps the slices it was handed", func(t *testing.T) {
		k := &keeper{r: red.Reader()}
		c, err := imageproc.Sanitize(t.Context(), k, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, hash := c.Bytes(), c.SHA256()
		k.overwrite()
		if c.SHA256() != hash || hash != sha256.Sum256(got) || !bytes.Equal(c.Bytes(), got) {
			t.Error("the sanitised photo changed")
		}
		img, err := c.Image(nil)
		if err != nil {
			t.Fatal(err)
		}
		if r, _, b, _ := img.At(5, 5).RGBA(); r != 0xFFFF || b != 0 {
			t.Error("the sanitised pixels changed")
		}
		if len(k.kept) == 0 {
			t.Error("the reader was handed nothing: this test is blind")
		}
	})
	t.Run("permit bound to somebody else", func(t *testing.T) {
		ledger, subject, permit := managed(t)
		other := ledger.Subject("shop-a", "somebody else")
		if p := permit.For(other); !p.IsZero() || ledger.Issued(p) {
			t.Error("a permit of a ledger was bound again")
		}
		if err := permit.Use(t.Context(), consent.Query{Subject: other, Purpose: consent.TryOnRender}); !errors.Is(err, consent.ErrNoConsent) {
			t.Errorf("used for somebody else: %v", err)
		}
		if err := permit.Use(t.Context(), consent.Query{Subject: subject, Purpose: consent.TryOnRender}); err != nil {
			t.Errorf("no longer good for its own subject: %v", err)
		}
	})
	t.Run("detector swaps the photo", func(t *testing.T) {
		s, err := detect.Screen(t.Context(), meddler{other: blue}, red, detect.OnePerson(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if s.SHA256() != sum || !bytes.Equal(s.Photo().Bytes(), want) || red.SHA256() != sum {
			t.Error("the screened photo is not the one handed in")
		}
	})
	t.Run("caller swaps the photo after screening", func(t *testing.T) {
		mine := *red
		s := screen(t, &mine)
		mine = *blue
		*s.Photo() = *blue
		if s.SHA256() != sum || !bytes.Equal(s.Photo().Bytes(), want) {
			t.Error("the screened photo changed")
		}
	})
	t.Run("caller writes into what accessors return", func(t *testing.T) {
		s := screen(t, red)
		for i := range red.Bytes() {
			red.Bytes()[i] = 0
			break
		}
		b := red.Bytes()
		b[len(b)-1] ^= 0xFF
		scene := s.Scene()
		scene.People[0].Keypoints[0].Score = 0
		scene.People = nil
		if got := s.Scene(); len(got.People) != 1 || got.People[0].Keypoints[0].Score == 0 {
			t.Error("the stored scene changed")
		}
		if !bytes.Equal(red.Bytes(), want) {
			t.Error("the stored bytes changed")
		}
		if w, ok := red.Reader().(io.WriterTo); ok {
			t.Errorf("%T hands its slice to any writer", w)
		}
	})
	t.Run("caller swaps everything while a backend works", func(t *testing.T) {
		ledger, subject, permit := managed(t)
		mine := *screen(t, red)
		req := &tryon.Request{Subject: subject, Photo: &mine, Items: []tryon.Item{{ID: "tee", Image: blue}}}
		reached := 0
		client, err := tryon.New(&tryon.Options{Ledger: ledger, Routes: []tryon.Route{{Backend: counting(&reached, func() {
			mine = *screen(t, blue)
			req.Subject = consent.Subject{}
			req.Items[0] = tryon.Item{}
			req.Photo = nil
		})}}})
		if err != nil {
			t.Fatal(err)
		}
		result, err := client.Render(t.Context(), permit, req)
		if err != nil {
			t.Fatal(err)
		}
		img, err := result.Images[0].Image(nil)
		if err != nil {
			t.Fatal(err)
		}
		if r, _, b, _ := img.At(5, 5).RGBA(); r < b {
			t.Error("the backend got the swapped photo")
		}
	})
	t.Run("embedding makes no proof", func(t *testing.T) {
		var e struct{ *imageproc.Clean }
		if err := json.Unmarshal([]byte(`{"Clean":{"s":{"data":"AAAA","format":1}}}`), &e); err == nil && !e.IsZero() {
			t.Error("decoded a proof into an embedded pointer")
		}
	})
}

func TestProofsPrintNothingPersonal(t *testing.T) {
	ledger, subject, permit := managed(t)
	photo := picture(t, color.NRGBA{1, 2, 3, 255})
	screened := screen(t, photo)
	sum := photo.SHA256()
	forbidden := []string{secret, "jane", hex.EncodeToString(sum[:8]), strings.Trim(fmt.Sprint(sum[:6]), "[]"), "IHDR"}

	// fmt cannot call methods on what sits in somebody's unexported fields.
	hidden := struct {
		c  *imageproc.Clean
		cv imageproc.Clean
		s  *detect.Screened
		sv detect.Screened
		p  consent.Permit
		u  consent.Subject
	}{photo, *photo, screened, *screened, permit, subject}
	for _, v := range []any{photo, *photo, screened, *screened, permit, &permit, subject, &subject, ledger, hidden, &hidden} {
		var printed strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&printed, verb+"\n", v)
			fmt.Fprintf(&printed, verb+"\n", []any{v})
			fmt.Fprintf(&printed, verb+"\n", struct{ Inner any }{v})
			fmt.Fprintf(&printed, verb+"\n", map[string]any{"k": v})
		}
		for _, h := range []slog.Handler{slog.NewJSONHandler(&printed, nil), slog.NewTextHandler(&printed, nil)} {
			slog.New(h).Info("m", "v", v, "s", []any{v}, "in", struct{ Inner any }{v})
		}
		if data, err := json.Marshal(map[string]any{"v": v}); err == nil {
			printed.Write(data)
		}
		fmt.Fprint(&printed, errors.New(fmt.Sprint(v)))
		for _, f := range forbidden {
			if strings.Contains(strings.ToLower(printed.String()), strings.ToLower(f)) {
				t.Errorf("%T prints %q", v, f)
			}
		}
	}
}

func TestZeroProofsAreHarmless(t *testing.T) {
	for _, c := range []*imageproc.Clean{nil, {}} {
		if c.Bytes() != nil || c.Format() != imageproc.Unknown || !c.IsZero() || c.SHA256() != [32]byte{} || !c.Bounds().Empty() {
			t.Error("a zero Clean has content")
		}
		if _, err := c.Thumb(10); err == nil {
			t.Error("a zero Clean has a thumbnail")
		}
		if _, err := c.Image(nil); err == nil {
			t.Error("a zero Clean has an image")
		}
		_ = c.Report()
	}
	for _, s := range []*detect.Screened{nil, {}} {
		if !s.IsZero() || s.Photo() != nil || s.Scene() != nil || s.SHA256() != [32]byte{} {
			t.Error("a zero Screened has content")
		}
	}
	if err := (consent.Permit{}).Use(t.Context(), consent.Query{}); err == nil {
		t.Error("a zero Permit permits")
	}
	if err := consent.Unmanaged("reason").Use(t.Context(), consent.Query{Purpose: consent.TryOnRender}); err == nil {
		t.Error("an unbound Permit permits")
	}
}
