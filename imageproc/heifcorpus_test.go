package imageproc_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fitveil/fitveil/imageproc"
	"github.com/fitveil/fitveil/imageproc/internal/bmff"
)

// heifCorpus lists the HEIC and AVIF files of the shared folder.
func heifCorpus(t *testing.T) []string {
	list := slices.DeleteFunc(corpusFiles(t), func(path string) bool {
		folder := filepath.Base(filepath.Dir(path))
		return folder != "heic" && folder != "avif" && folder != "isobmff-other"
	})
	phones, err := filepath.Glob(filepath.Join(sharedDir(), "phones", "*.[hH][eE][iI][cC]"))
	if err != nil {
		t.Fatal(err)
	}
	return append(list, phones...)
}

// needTool skips where a reference decoder is not installed; where CI says so it
// is required.
func needTool(t *testing.T, name, pkg string) {
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is required in CI: apt-get install %s", name, pkg)
	}
	t.Skipf("%s is not installed: apt-get install %s", name, pkg)
}

// heifPixels decodes every picture that libheif lists in a file and returns a
// hash of each, by the name that heif-convert gives it; nil if it can't.
func heifPixels(t *testing.T, path, suffix string) map[string][32]byte {
	t.Helper()
	folder := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	err := exec.CommandContext(ctx, "heif-convert", path, filepath.Join(folder, "o"+suffix)).Run()
	if ctx.Err() != nil {
		t.Fatalf("heif-convert: %s: %v", filepath.Base(path), ctx.Err())
	}
	if err != nil {
		return nil
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string][32]byte{}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		sums[f.Name()] = sha256.Sum256(pngPixels(b))
	}
	return sums
}

// pngPixels leaves of a PNG file what says how it looks: the same encoder gives
// the same bytes for the same pixels.
func pngPixels(b []byte) []byte {
	if imageproc.Sniff(b) != imageproc.PNG {
		return b
	}
	var kept []byte
	for at := 8; at+12 <= len(b); {
		size := 12 + int(binary.BigEndian.Uint32(b[at:]))
		switch string(b[at+4 : at+8]) {
		case "IHDR", "PLTE", "tRNS", "IDAT":
			kept = append(kept, b[at:at+size]...)
		case "iCCP":
			kept = append(kept, iccNumbers(pngProfile(b[at+8:at+size-4]))...)
		}
		at += size
	}
	return kept
}

// heifFile is a file of the corpus and what became of it.
type heifFile struct {
	path     string
	size     int
	stripped []byte          // nil if it is refused
	parts    map[string]bool // what was taken out, and what the output is built of
}

// heifFiles strips every file, the smallest first.
func heifFiles(t *testing.T) []heifFile {
	var list []heifFile
	for _, path := range heifCorpus(t) {
		in, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := heifFile{path: path, size: len(in), parts: map[string]bool{}}
		var out bytes.Buffer
		report, err := imageproc.Strip(&out, bytes.NewReader(in), &imageproc.StripOptions{Limits: imageproc.Limits{MaxPixels: 400_000_000}})
		if err == nil {
			f.stripped = out.Bytes()
			f.parts[report.Format.String()] = true
			for _, found := range report.Removed {
				f.parts["without "+found.Carrier] = true
			}
			heifParts(t, f.parts, f.stripped)
		}
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b heifFile) int { return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(a.path, b.path)) })
	return list
}

// heifParts notes the types of boxes and items in an output, and how pictures are
// turned.
func heifParts(t *testing.T, parts map[string]bool, boxes []byte) {
	for r := bmff.NewReader(boxes, 0); r.More(); {
		b, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		parts[b.Type] = true
		switch b.Type {
		case "infe":
			parts["item "+string(b.Body[8:12])] = true
		case "irot", "imir":
			parts[fmt.Sprint(b.Type, b.Body)] = true
		case "meta", "iref":
			heifParts(t, parts, b.Body[4:])
		case "iinf":
			heifParts(t, parts, b.Body[6:])
		case "iprp", "ipco", "grpl", "moov", "trak", "edts", "tref", "mdia", "minf", "stbl":
			heifParts(t, parts, b.Body)
		}
	}
}

// TestHEIFCorpus strips every file and has libheif decode input and output: each
// picture has to be the same to the bit, turned the same way, and of what is
// refused libheif may decode next to nothing. A file that has no part which a
// smaller one has not is compared only with FITVEIL_CORPUS=full.
func TestHEIFCorpus(t *testing.T) {
	corpusFiles(t) // without them there is nothing to count
	needTool(t, "heif-convert", "libheif-examples")
	full := os.Getenv("FITVEIL_CORPUS") == "full"
	var accepted, compared, missed atomic.Int64
	covered := map[string]bool{}
	t.Run("files", func(t *testing.T) {
		for _, f := range heifFiles(t) {
			news := 0
			for part := range f.parts {
				if !covered[part] {
					news++
				}
			}
			if f.stripped != nil {
				accepted.Add(1)
				if news == 0 && !full {
					continue
				}
			}
			maps.Copy(covered, f.parts)
			t.Run(filepath.Base(f.path), func(t *testing.T) {
				t.Parallel()
				switch opens := checkHEIF(t, f); {
				case opens && f.stripped == nil:
					missed.Add(1)
				case opens:
					compared.Add(1)
				}
			})
		}
	})
	t.Logf("accepted %d, of which %d were compared; %d that libheif decodes were refused", accepted.Load(), compared.Load(), missed.Load())
	if compared.Load() < 20 || missed.Load()*100 > (accepted.Load()+missed.Load())*2 {
		t.Error("too few are accepted")
	}
}

// checkHEIF compares the pictures before and after, and reports whether libheif
// decodes the input at all.
func checkHEIF(t *testing.T, f heifFile) bool {
	name := filepath.Base(f.path)
	suffix := ".png"
	if f.size > 20_000 {
		suffix = ".y4m" // much faster, and nothing but the pixels
	}
	want := heifPixels(t, f.path, suffix)
	if want == nil {
		return false
	}
	if f.stripped == nil {
		t.Logf("refused, though libheif decodes it: %s", name)
		return true
	}
	stripped := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(stripped, f.stripped, 0o600); err != nil {
		t.Fatal(err)
	}
	got := heifPixels(t, stripped, suffix)
	if len(got) != len(want) {
		t.Errorf("%s: %d pictures, had %d", name, len(got), len(want))
	}
	for picture, sum := range want {
		if got[picture] != sum {
			t.Errorf("%s: %s is not the same", name, picture)
		}
	}
	return true
}

// TestAVIFSequenceCorpus has libavif decode the first frames of each sequence
// before and after.
func TestAVIFSequenceCorpus(t *testing.T) {
	needTool(t, "avifdec", "libavif-bin")
	compared := 0
	for _, path := range heifCorpus(t) {
		in, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if imageproc.Sniff(in) != imageproc.AVIF || !bytes.Contains(in[:min(len(in), 1<<10)], []byte("moov")) {
			continue
		}
		var stripped bytes.Buffer
		report, err := imageproc.Strip(&stripped, bytes.NewReader(in), nil)
		if err != nil {
			continue // malformed ones
		}
		suffix := ".png"
		if slices.ContainsFunc(report.Removed, func(f imageproc.Finding) bool { return f.Carrier == "track auxv" }) {
			suffix = ".y4m" // without alpha, for which old versions of libavif take the depth that went
		}
		output := filepath.Join(t.TempDir(), "out.avif")
		if err := os.WriteFile(output, stripped.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		for frame := range 5 {
			want, got := avifFrame(t, path, suffix, frame), avifFrame(t, output, suffix, frame)
			if want != got {
				t.Errorf("%s: frame %d is not the same", filepath.Base(path), frame)
			}
			compared++
		}
	}
	if t.Logf("%d frames compared", compared); compared == 0 {
		t.Error("no sequence in the corpus")
	}
}

// avifFrame is the hash of one frame of a sequence.
func avifFrame(t *testing.T, path, suffix string, frame int) [32]byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "frame"+suffix)
	if err := exec.CommandContext(t.Context(), "avifdec", "--index", strconv.Itoa(frame), path, name).Run(); err != nil {
		t.Fatalf("avifdec: %s: %v", filepath.Base(path), err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(pngPixels(b))
}

// harmlessInHEIF says which of exiftool's tags an output may show: sizes, brands,
// numbers of the codec and of colour.
func harmlessInHEIF(name string) bool {
	return slices.Contains([]string{
		"MajorBrand", "MinorVersion", "CompatibleBrands", "HandlerType", "PrimaryItemReference", "MetaImageSize",
		"ImageSpatialExtent", "ImagePixelDepth", "AuxiliaryImageType", "CleanAperture", "PixelAspectRatio", "Rotation",
		"ColorProfiles", "ColorPrimaries", "TransferCharacteristics", "MatrixCoefficients", "VideoFullRangeFlag",
		"MediaData", "MediaDataOffset", "MediaDataSize",
		"AV1ConfigurationVersion", "SeqProfile", "SeqLevelIdx0", "SeqTier0", "HighBitDepth", "TwelveBit", "ChromaFormat",
		"ChromaSamplePosition", "InitialDelaySamples",
		"HEVCConfigurationVersion", "GeneralProfileSpace", "GeneralTierFlag", "GeneralProfileIDC", "GenProfileCompatibilityFlags",
		"ConstraintIndicatorFlags", "GeneralLevelIDC", "MinSpatialSegmentationIDC", "ParallelismType", "BitDepthLuma",
		"MovieHeaderVersion", "TimeScale", "Duration", "PreferredRate", "PreferredVolume", "MatrixStructure", "PreviewTime",
		"PreviewDuration", "PosterTime", "SelectionTime", "SelectionDuration", "CurrentTime", "NextTrackID",
		"TrackHeaderVersion", "TrackID", "TrackDuration", "TrackLayer", "TrackVolume", "ImageWidth", "ImageHeight", "Unknown_edts",
		"MediaHeaderVersion", "MediaTimeScale", "MediaDuration", "MediaLanguageCode", "GraphicsMode", "OpColor", "OtherFormat",
		"ChunkOffset", "SampleSizes", "SampleToChunk", "SyncSampleTable", "TimeToSampleTable",
		"Unknown_auxi", "Unknown_auxl", "Unknown_av1C", "Unknown_hvcC", "Unknown_ccst", "Unknown_colr",
		"Unknown_imir", "Unknown_clli", "Unknown_grpl", "BitDepthChroma", "AverageFrameRate", "ConstantFrameRate", "NumTemporalLayers", "TemporalIDNested",
	}, name)
}
