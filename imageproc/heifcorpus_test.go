package imageproc_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fitveil/fitveil/imageproc"
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := exec.CommandContext(ctx, "heif-convert", path, filepath.Join(folder, "o"+suffix)).Run(); err != nil {
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
		case "IHDR", "PLTE", "tRNS", "IDAT", "iCCP":
			kept = append(kept, b[at:at+size]...)
		}
		at += size
	}
	return kept
}

// TestHEIFCorpus strips every file and has libheif decode input and output: each
// picture has to be the same to the bit, turned the same way, and nearly all that
// libheif decodes has to be accepted.
func TestHEIFCorpus(t *testing.T) {
	needTool(t, "heif-convert", "libheif-examples")
	if testing.Short() {
		t.Skip("decoding a hundred files twice takes a minute: run without -short")
	}
	var mu sync.Mutex
	var opened, accepted int
	work := make(chan string)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for path := range work {
				shows, ok := checkHEIF(t, path)
				mu.Lock()
				if shows {
					opened++
				}
				if shows && ok {
					accepted++
				}
				mu.Unlock()
			}
		})
	}
	for _, path := range heifCorpus(t) {
		if !slowTwin(path) || os.Getenv("FITVEIL_CORPUS") == "full" {
			work <- path
		}
	}
	close(work)
	wg.Wait()
	t.Logf("accepted %d of the %d that libheif decodes", accepted, opened)
	if opened == 0 || accepted*100 < opened*98 {
		t.Error("too few are accepted")
	}
}

// slowTwin says that a file of 24 megapixels has a twin in the corpus that differs
// in one byte of its Exif.
func slowTwin(path string) bool {
	name := filepath.Base(path)
	return strings.Contains(name, "issue_9292_sony") && !strings.Contains(name, "sony_1")
}

func checkHEIF(t *testing.T, path string) (shows, ok bool) {
	name := filepath.Base(path)
	in, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return false, false
	}
	suffix := ".png"
	if len(in) > 20_000 {
		suffix = ".y4m" // much faster, and nothing but the pixels
	}
	want := heifPixels(t, path, suffix)
	var out bytes.Buffer
	if _, err := imageproc.Strip(&out, bytes.NewReader(in), &imageproc.StripOptions{Limits: imageproc.Limits{MaxPixels: 400_000_000}}); err != nil {
		if want != nil {
			t.Logf("refused, though libheif decodes it: %s: %v", name, err)
		}
		return want != nil, false
	}
	if want == nil {
		return false, true
	}
	stripped := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(stripped, out.Bytes(), 0o600); err != nil {
		t.Error(err)
		return true, true
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
	return true, true
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
