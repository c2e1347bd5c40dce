package imageproc_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/imageproc"
)

// exiftool runs the oracle over a folder and returns its tags by file name. It
// is required where CI says so.
func exiftool(t *testing.T, args ...string) []map[string]any {
	t.Helper()
	if _, err := exec.LookPath("exiftool"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("exiftool is required in CI: apt-get install libimage-exiftool-perl")
		}
		t.Skip("exiftool is not installed: apt-get install libimage-exiftool-perl")
	}
	cmd := exec.Command("exiftool", append([]string{"-json", "-G1", "-a", "-u", "-q", "-q"}, args...)...)
	out, err := cmd.Output()
	if len(out) == 0 {
		t.Fatalf("exiftool: %v", err)
	}
	var list []map[string]any
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// harmless says which tags an output may show: the structure of the file, the
// profile's own tags, what exiftool computes from the size, and the one
// orientation of ours.
func harmless(tag string, value any) bool {
	group, name, _ := strings.Cut(tag, ":")
	switch group {
	case "SourceFile", "ExifTool", "System", "Composite":
		return true
	case "File":
		return slices.Contains([]string{
			"FileType", "FileTypeExtension", "MIMEType", "ExifByteOrder", "ImageWidth", "ImageHeight", "EncodingProcess",
			"BitsPerSample", "ColorComponents", "YCbCrSubSampling",
		}, name)
	case "RIFF":
		return slices.Contains([]string{
			"ImageWidth", "ImageHeight", "VP8Version", "HorizontalScale", "VerticalScale", "WebP_Flags", "WebP Flags", "AlphaIsUsed",
			"AlphaPreprocessing", "AlphaFiltering", "AlphaCompression", "BackgroundColor", "AnimationLoopCount", "FrameCount", "Duration",
		}, name)
	case "GIF":
		return slices.Contains([]string{
			"GIFVersion", "ImageWidth", "ImageHeight", "HasColorMap", "ColorResolutionDepth", "BitsPerPixel", "BackgroundColor",
			"PixelAspectRatio", "AnimationIterations", "FrameCount", "Duration", "TransparentColor",
		}, name)
	case "JFIF":
		return slices.Contains([]string{"JFIFVersion", "ResolutionUnit", "XResolution", "YResolution"}, name)
	case "Adobe":
		return slices.Contains([]string{"DCTEncodeVersion", "APP14Flags0", "APP14Flags1", "ColorTransform"}, name)
	case "QuickTime", "Meta", "Track1", "Track2":
		return harmlessInHEIF(name)
	case "IFD0":
		return name == "Orientation"
	case "PNG", "PNG-pHYs", "PNG-cICP":
		return slices.Contains([]string{
			"ImageWidth", "ImageHeight", "BitDepth", "ColorType", "Compression", "Filter", "Interlace", "Palette", "Transparency",
			"Gamma", "SRGBRendering", "WhitePointX", "WhitePointY", "RedX", "RedY", "GreenX", "GreenY", "BlueX", "BlueY",
			"SignificantBits", "BackgroundColor", "PixelUnits", "PixelsPerUnitX", "PixelsPerUnitY", "AnimationFrames", "AnimationPlays",
			"ProfileName", "ColorPrimaries", "TransferCharacteristics", "MatrixCoefficients", "VideoFullRangeFlag",
		}, name)
	}
	return strings.HasPrefix(group, "ICC") && harmlessICC(name, value)
}

// harmlessICC says what a profile may show: numbers, and the texts that all of
// ours have.
func harmlessICC(name string, value any) bool {
	switch name {
	case "ProfileDescription":
		return value == "icc"
	case "ProfileCopyright":
		return value == "none"
	case "ProfileCMMType", "PrimaryPlatform", "DeviceManufacturer", "DeviceModel", "ProfileCreator":
		return value == "" || value == "\x00\x00\x00\x00"
	case "CMMFlags", "DeviceAttributes", "ProfileID":
		return value == float64(0) || value == "0 0" || value == "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"
	case "ProfileVersion", "ProfileClass", "ColorSpaceData", "ProfileConnectionSpace", "ProfileFileSignature", "RenderingIntent",
		"ConnectionSpaceIlluminant", "MediaWhitePoint", "MediaBlackPoint", "ChromaticAdaptation", "RedMatrixColumn", "GreenMatrixColumn",
		"BlueMatrixColumn", "RedTRC", "GreenTRC", "BlueTRC", "GrayTRC", "AToB0", "AToB1", "AToB2", "BToA0", "BToA1", "BToA2":
		return true
	}
	return false
}

// harmlessInTIFF says which tags a TIFF file is made of: how pixels are stored,
// how numbers become colours, the shape of a pixel.
func harmlessInTIFF(tag string) bool {
	group, name, _ := strings.Cut(tag, ":")
	if !strings.HasPrefix(group, "IFD") {
		return group == "File" && name == "PageCount"
	}
	return slices.Contains([]string{
		"SubfileType", "ImageWidth", "ImageHeight", "BitsPerSample", "Compression", "PhotometricInterpretation", "FillOrder",
		"StripOffsets", "Orientation", "SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "XResolution", "YResolution",
		"PlanarConfiguration", "T4Options", "T6Options", "ResolutionUnit", "Predictor", "WhitePoint", "PrimaryChromaticities",
		"ColorMap", "TileWidth", "TileLength", "TileOffsets", "TileByteCounts", "InkSet", "ExtraSamples", "SampleFormat",
		"JPEGTables", "YCbCrCoefficients", "YCbCrSubSampling", "YCbCrPositioning", "ReferenceBlackWhite",
	}, name)
}

// harmlessInBMP says which fields of a header BMP files have, and what those that
// display does not need hold.
func harmlessInBMP(tag string, value any) bool {
	name, there := strings.CutPrefix(tag, "File:")
	switch name {
	case "PixelsPerMeterX", "PixelsPerMeterY", "NumColors", "NumImportantColors":
		return there && value == float64(0)
	}
	return there && slices.Contains([]string{
		"BMPVersion", "Planes", "BitDepth", "Compression", "ImageLength", "RedMask", "GreenMask", "BlueMask", "AlphaMask",
		"ColorSpace", "RenderingIntent", "ProfileDataOffset", "ProfileSize",
	}, name)
}

// TestExiftoolFindsNothing strips every file of the corpus that is accepted and of the
// phones into one folder and has exiftool look at it once.
func TestExiftoolFindsNothing(t *testing.T) {
	files := corpusFiles(t)
	phones, err := filepath.Glob(filepath.Join(sharedDir(), "phones", "*"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	turned := map[string]int{}
	for i, path := range slices.Concat(files, phones) {
		in, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		report, err := imageproc.Strip(&out, bytes.NewReader(in), nil)
		if err != nil {
			continue
		}
		name := fmt.Sprintf("%d-%s", i, filepath.Base(path))
		if err := os.WriteFile(filepath.Join(folder, name), out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		turned[name] = report.Orientation
	}
	list := exiftool(t, "-n", "-r", "-ext+", "avifs", folder)
	if len(list) != len(turned) {
		t.Errorf("exiftool looked at %d files of %d", len(list), len(turned))
	}
	for _, tags := range list {
		name := filepath.Base(tags["SourceFile"].(string))
		for tag, value := range tags {
			if tags["File:FileType"] == "TIFF" && harmlessInTIFF(tag) {
				continue
			}
			if tags["File:FileType"] == "BMP" && harmlessInBMP(tag, value) {
				continue
			}
			if !harmless(tag, value) && value != "0000:00:00 00:00:00" {
				t.Errorf("%s: %s = %.80v", name, tag, value)
			}
			if tag == "ExifTool:Warning" || tag == "ExifTool:Error" {
				t.Logf("%s: %s: %v", name, tag, value)
			}
		}
		if tags["Meta:PrimaryItemReference"] != nil {
			continue // turned by irot and imir, which exiftool does not translate
		}
		want := turned[name]
		if got, there := tags["IFD0:Orientation"].(float64); there && int(got) != want || !there && want != 1 {
			t.Errorf("%s: orientation %v, want %d", name, got, want)
		}
	}
	t.Logf("exiftool looked at %d outputs", len(list))
}

// TestExiftoolReadsMark checks the mark with a reader of others.
func TestExiftoolReadsMark(t *testing.T) {
	folder := t.TempDir()
	for name, in := range map[string][]byte{
		"a.jpg": phonePhoto(t), "b.png": withChunks(mustPNG(t, corner()), chunk("eXIf", orientationBlock(6))),
		"c.webp": withPieces(webpAnimated(), 8, false, riffPiece("EXIF", orientationBlock(6))), "d.gif": mustGIF(t, 2),
	} {
		c := sanitize(t, in, &imageproc.SanitizeOptions{Mark: testMark})
		if err := os.WriteFile(filepath.Join(folder, name), c.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tags := range exiftool(t, folder) {
		if got := tags["XMP-iptcExt:DigitalSourceType"]; got != string(testMark.DigitalSourceType) {
			t.Errorf("%s: source type %v", tags["SourceFile"], got)
		}
		if got := tags["XMP-xmp:CreatorTool"]; got != testMark.Tool {
			t.Errorf("%s: tool %v", tags["SourceFile"], got)
		}
		if got := tags["IFD0:Orientation"]; got != "Rotate 90 CW" && filepath.Ext(tags["SourceFile"].(string)) != ".gif" {
			t.Errorf("%s: orientation %v", tags["SourceFile"], got)
		}
	}
}

// exiftoolClasses are tags that hold personal data, in whatever group exiftool lists
// them, and the class that each stands for. The first rule that fits counts.
var exiftoolClasses = []struct {
	class imageproc.Class
	names *regexp.Regexp
}{
	{thumb, regexp.MustCompile(`^(Thumbnail(Image|TIFF)|PreviewImage|JpgFromRaw|PhotoshopThumbnail|ScreenNail|MPImage2)$`)},
	{loc, regexp.MustCompile(`^(GPS(Latitude|Longitude|Altitude|Position|DestL|AreaInformation|ImgDirection|MapDatum|Satellites|ProcessingMethod)|` +
		`City|Country|Sub-location|Location|Province-State|State|ProvinceState)`)},
	{dev, regexp.MustCompile(`^(Make|Model|CameraModelName|(Internal|Body|Camera|Lens)?SerialNumber|Lens(Model|Make|Info|ID|Type)?|UniqueCameraModel|` +
		`HostComputer|ImageUniqueID|DeviceName|CameraID|MakerNote\w*|FirmwareVersion|CameraType|Scanner(Make|Model))$`)},
	{person, regexp.MustCompile(`^(Artist|Copyright(Notice)?|(Camera)?Owner(Name)?|By-line(Title)?|Creator|Credit|Rights|Author|AuthorsPosition|CaptionWriter|` +
		`Writer-Editor|XPAuthor|PersonInImage|Region(PersonDisplay)?Name|Creator(ContactInfo|Work)\w*|Contact|Byline|Photographer|CreditLine)$`)},
	{when, regexp.MustCompile(`^(DateTime(Original|Digitized)?|(Create|Modify|Metadata)Date|(Date|Time)Created|DigitalCreation(Date|Time)|SubSecTime\w*|` +
		`GPS(Date|Time)Stamp|OffsetTime\w*|TimeStamp|Release(Date|Time)|CreationTime|Date(create|modify|Acquired)|HistoryWhen)$`)},
	{text, regexp.MustCompile(`^(UserComment|ImageDescription|Comment|Description|Caption(-Abstract)?|Headline|ObjectName|Title|XP(Comment|Title|Subject|Keywords)|` +
		`Keywords|Subject|Label|(Special)?Instructions|DocumentName|PageName|Notes)$`)},
	{soft, regexp.MustCompile(`^(Software|CreatorTool|ProcessingSoftware|HistorySoftwareAgent|XMPToolkit|OriginatingProgram|ProgramVersion|` +
		`ApplicationRecordVersion|(Writer|Reader)Name|SoftwareVersion|Claim_?[gG]enerator\w*)$`)},
	{imageproc.Provenance, regexp.MustCompile(`^(JUMD(Type|Label)|C2PA\w*|DigitalSourceType)$`)},
}

// exiftoolClass is the class of a tag, "" for one that is none of them.
func exiftoolClass(tag string, value any) imageproc.Class {
	group, name, _ := strings.Cut(tag, ":")
	if value == "" || strings.HasPrefix(group, "ICC") || slices.Contains([]string{"Composite", "ExifTool", "System"}, group) || group == "File" && name != "Comment" {
		return ""
	}
	for _, rule := range exiftoolClasses {
		if rule.names.MatchString(name) {
			return rule.class
		}
	}
	return ""
}

// TestExiftoolOnInputs compares what is said about the inputs: the orientation
// and, for every tag of personal data that exiftool lists, the class.
func TestExiftoolOnInputs(t *testing.T) {
	corpusFiles(t)
	args := []string{"-a", "-u", "-q", "-q", "-n", "-r", "-fast"}
	for _, folder := range []string{"webp", "gif", "jpeg", "png", "heic", "avif", "tiff"} {
		args = append(args, filepath.Join(sharedDir(), "corpus", folder))
	}
	var named, listed, agree, turned int
	for _, tags := range exiftool(t, args...) {
		path := tags["SourceFile"].(string)
		in, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		report, err := imageproc.Inspect(bytes.NewReader(in), nil)
		if err != nil {
			continue
		}
		turns := report.Format == imageproc.JPEG || report.Format == imageproc.PNG
		if want, there := tags["IFD0:Orientation"].(float64); there && turns && want >= 2 && want <= 8 {
			if turned++; report.Orientation == int(want) {
				agree++
			} else {
				t.Logf("%s: orientation %d, exiftool says %v", filepath.Base(path), report.Orientation, want)
			}
		}
		for tag, value := range tags {
			class := exiftoolClass(tag, value)
			if class == "" {
				continue
			}
			if listed++; reports(report, class) {
				named++
			} else {
				t.Logf("%s: %s is there, %s is not reported", filepath.Base(path), tag, class)
			}
		}
	}
	t.Logf("%d of %d turned pictures agree; %d of %d tags are reported by class", agree, turned, named, listed)
	if agree*100 < turned*98 || named*1000 < listed*995 || listed < 4000 {
		t.Error("too few agree")
	}
}

func reports(r *imageproc.Report, class imageproc.Class) bool {
	for _, f := range r.Removed {
		if slices.Contains(f.Classes, class) {
			return true
		}
	}
	return false
}
