package bmff_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fitveil/fitveil/imageproc/internal/bmff"
)

func TestNext(t *testing.T) {
	long := slices.Concat([]byte("\x00\x00\x00\x01mdat\x00\x00\x00\x00\x00\x00\x00\x12"), []byte("ab"))
	for _, row := range []struct {
		name string
		in   string
		file bool
		body string
		want string
	}{
		{"plain", "\x00\x00\x00\x0Bfreeabc", false, "abc", ""},
		{"empty", "\x00\x00\x00\x08free", false, "", ""},
		{"followed", "\x00\x00\x00\x09freea\x00\x00\x00\x08free", false, "a", ""},
		{"64 bits", string(long), false, "ab", ""},
		{"to the end of a file", "\x00\x00\x00\x00mdatabc", true, "abc", ""},
		{"to the end of a box", "\x00\x00\x00\x00mdatabc", false, "", `box "mdat" at 5: length 0 is none`},
		{"too long", "\x00\x00\x00\x0Cfreeabc", false, "", `box "free" at 5: length 12 exceeds what is left`},
		{"too short", "\x00\x00\x00\x07freeabc", false, "", `box "free" at 5: length 7 is none`},
		{"64 bits too many", "\x00\x00\x00\x01mdat\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", false, "", `box "mdat" at 5: length 18446744073709551615 exceeds what is left`},
		{"64 bits too few", "\x00\x00\x00\x01mdat\x00\x00\x00\x00\x00\x00\x00\x0F", false, "", `box "mdat" at 5: length 15 is none`},
		{"64 bits cut short", "\x00\x00\x00\x01mdat\x00\x00\x00", false, "", `box "mdat" at 5: length 1 is none`},
		{"no header", "\x00\x00\x00\x08fre", false, "", `box "" at 5: 7 bytes, too few for a header`},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := bmff.NewReader([]byte(row.in), 5)
			if row.file {
				r = bmff.NewFileReader([]byte(row.in))
			}
			start := r.At()
			b, err := r.Next()
			if row.want != "" {
				var be *bmff.Error
				if !errors.As(err, &be) || err.Error() != row.want || r.At() != start || string(r.Rest()) != row.in {
					t.Errorf("got %v at %d, want %s", err, r.At(), row.want)
				}
				return
			}
			if err != nil || string(b.Body) != row.body || b.At != start || b.BodyAt()+len(b.Body) != r.At() {
				t.Errorf("got %+v, %v", b, err)
			}
			if more := len(row.in) > len(b.Whole); r.More() != more {
				t.Errorf("more: %v", r.More())
			}
		})
	}
}

func TestFields(t *testing.T) {
	f := bmff.NewFields([]byte("\x01\x00\x00\x05\x12\x34\x00\x00\x00\x07\x09name\x00rest"))
	version, flags := f.Version()
	got := []uint64{uint64(version), uint64(flags), uint64(f.U16()), uint64(f.U32()), uint64(f.U8()), f.Uint(0)}
	if diff := cmp.Diff([]uint64{1, 5, 0x1234, 7, 9, 0}, got); diff != "" {
		t.Error(diff)
	}
	if name, rest := string(f.Text()), string(f.Text()); name != "name" || rest != "rest" || f.Bad() {
		t.Errorf("%q, %q, %v", name, rest, f.Bad())
	}
	if f.Uint(8) != 0 || !f.Bad() || f.Bytes(-1) != nil || len(f.Rest()) != 0 {
		t.Error("reading beyond the end gives something")
	}
}

func TestWrite(t *testing.T) {
	got := bmff.New("iref", bmff.Full("infe", 2, 1, bmff.U16(1, 2), bmff.U32(3)), []byte("x"))
	if want := "\x00\x00\x00\x1Diref\x00\x00\x00\x14infe\x02\x00\x00\x01\x00\x01\x00\x02\x00\x00\x00\x03x"; string(got) != want {
		t.Errorf("%q", got)
	}
}
