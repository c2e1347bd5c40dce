package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// tagReader asks one exiftool about many files.
type tagReader struct{ process stayOpen }

// read returns the raw values by group and name; none if exiftool dies of the
// file.
func (r *tagReader) read(path string) map[string]any {
	if r.process.cmd == nil {
		if r.process.start() != nil {
			return nil
		}
	}
	fmt.Fprintf(r.process.in, "-json\n-n\n-G1\n-a\n-u\n%s\n-execute\n", path)
	var text bytes.Buffer
	for {
		line, err := r.process.out.ReadString('\n')
		if err != nil {
			r.process.close()
			return nil
		}
		if strings.HasPrefix(line, "{ready") {
			break
		}
		text.WriteString(line)
	}
	var list []map[string]any
	if json.Unmarshal(text.Bytes(), &list) != nil || len(list) == 0 {
		return nil
	}
	return list[0]
}

// showing lists the names of tags that say how a picture is stored and shown.
// Their groups are those in which they do.
var showing = strings.Fields(`
	ImageWidth ImageHeight ExifImageWidth ExifImageHeight BitsPerSample BitDepth ColorType Compression Filter Interlace
	ColorComponents YCbCrSubSampling YCbCrPositioning YCbCrCoefficients EncodingProcess FileType FileTypeExtension MIMEType
	ExifByteOrder Orientation XResolution YResolution ResolutionUnit ColorSpace ExifVersion FlashpixVersion
	ComponentsConfiguration InteropIndex InteropVersion JFIFVersion DCTEncodeVersion APP14Flags0 APP14Flags1 ColorTransform
	Gamma SRGBRendering WhitePointX WhitePointY RedX RedY GreenX GreenY BlueX BlueY WhitePoint PrimaryChromaticities
	SignificantBits BackgroundColor PixelUnits PixelsPerUnitX PixelsPerUnitY AnimationFrames AnimationPlays Palette Transparency
	ProfileName ColorPrimaries TransferCharacteristics MatrixCoefficients VideoFullRangeFlag
	VP8Version HorizontalScale VerticalScale WebP_Flags AlphaIsUsed AlphaPreprocessing AlphaFiltering AlphaCompression
	AnimationLoopCount FrameCount Duration GIFVersion HasColorMap ColorResolutionDepth BitsPerPixel PixelAspectRatio
	AnimationIterations TransparentColor SubfileType OldSubfileType PhotometricInterpretation Thresholding CellWidth CellLength FillOrder
	StripOffsets SamplesPerPixel RowsPerStrip StripByteCounts MinSampleValue MaxSampleValue PlanarConfiguration FreeOffsets
	FreeByteCounts GrayResponseUnit GrayResponseCurve T4Options T6Options PageNumber Predictor ColorMap HalftoneHints TileWidth
	TileLength TileOffsets TileByteCounts InkSet NumberofInks InkNames DotRange ExtraSamples SampleFormat SMinSampleValue
	SMaxSampleValue JPEGTables JPEGProc JPEGRestartInterval JPEGQTables JPEGDCTables JPEGACTables ReferenceBlackWhite TransferFunction
	SubIFD PreviewImageStart PreviewImageLength PreviewImage BlackLevel WhiteLevel
	MajorBrand MinorVersion CompatibleBrands HandlerType PrimaryItemReference MetaImageSize ImageSpatialExtent Rotation
	ImagePixelDepth HEVCConfigurationVersion GeneralProfileSpace GeneralTierFlag GeneralProfileIDC GenProfileCompatibilityFlags
	ConstraintIndicatorFlags GeneralLevelIDC MinSpatialSegmentationIDC ParallelismType ChromaFormat BitDepthLuma BitDepthChroma
	AverageFrameRate ConstantFrameRate NumTemporalLayers TemporalIDNested AV1ConfigurationVersion ChromaSubsampling
	ChromaSamplePosition ColorProfiles MediaDataSize MediaDataOffset AuxiliaryImageType PixelAspectRatio CleanAperture Mirroring
	MovieHeaderVersion TimeScale PreferredRate PreferredVolume PreviewTime PreviewDuration PosterTime SelectionTime SelectionDuration
	CurrentTime NextTrackID MatrixStructure TrackHeaderVersion TrackID TrackDuration TrackLayer TrackVolume MediaHeaderVersion
	MediaTimeScale MediaDuration MediaLanguageCode CompressorID SourceImageWidth SourceImageHeight VideoFrameRate GraphicsMode OpColor
	HandlerClass SeqProfile SeqLevelIdx0 SeqTier0 HighBitDepth TwelveBit InitialDelaySamples MediaData OtherFormat ChunkOffset
	SampleSizes SampleToChunk SyncSampleTable TimeToSampleTable Unknown_edts Unknown_auxi Unknown_auxl Unknown_av1C Unknown_hvcC
	Unknown_ccst Unknown_colr Unknown_imir Unknown_clli Unknown_grpl`)

var showingGroups = strings.Fields("File JFIF Adobe APP14 PNG PNG-pHYs PNG-cICP RIFF GIF IFD0 IFD1 IFD2 IFD3 SubIFD SubIFD1 SubIFD2 ExifIFD InteropIFD QuickTime Meta Track1 Track2")

// private reports whether a tag is none that showing the picture takes. The colour
// profile is looked at apart.
func private(tag string, value any) bool {
	group, name, _ := strings.Cut(tag, ":")
	switch {
	case slices.Contains([]string{"SourceFile", "ExifTool", "System", "Composite"}, group), strings.HasPrefix(group, "ICC"):
		return false
	case group == "File" && (name == "CurrentIPTCDigest" || name == "PageCount"):
		return name == "CurrentIPTCDigest"
	case isGroup(group) && slices.Contains(showing, name):
		return false
	case value == "0000:00:00 00:00:00" || value == float64(0) && strings.HasPrefix(group, "Track"):
		return false // what a track has to have
	}
	return value != ""
}

// isGroup also takes the further pictures of a TIFF file, IFD4 and so on.
func isGroup(group string) bool {
	return slices.Contains(showingGroups, group) || strings.HasPrefix(group, "IFD") || strings.HasPrefix(group, "SubIFD")
}

// profileName reports whether a tag is a text, a date or a maker in a colour
// profile.
func profileName(tag string, value any) bool {
	group, name, _ := strings.Cut(tag, ":")
	if !strings.HasPrefix(group, "ICC") {
		return false
	}
	text := strings.Trim(fmt.Sprint(value), " \x00")
	switch name {
	case "ProfileDescription":
		return text != "icc"
	case "ProfileCopyright":
		return text != "none"
	case "ProfileDateTime":
		return text != "0000:00:00 00:00:00"
	case "DeviceManufacturer", "DeviceModel", "ProfileCreator", "DeviceModelDesc", "DeviceMfgDesc", "CalibrationDateTime", "CharTarget":
		return text != "" && text != "0"
	}
	return false
}
