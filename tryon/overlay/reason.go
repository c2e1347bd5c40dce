package overlay

import "github.com/fitveil/fitveil/tryon"

// The reasons for which a photo is refused, in tryon.Error.Reason of an error
// with code tryon.BadPhoto.
const (
	NoShoulders  tryon.Reason = "no-shoulders"  // one or both can't be made out
	NoTorso      tryon.Reason = "no-torso"      // too little of the body below the shoulders is in the picture
	TooSmall     tryon.Reason = "too-small"     // the person fills too few pixels
	TurnedAway   tryon.Reason = "turned-away"   // not facing the camera
	Tilted       tryon.Reason = "tilted"        // leaning or lying
	Crowded      tryon.Reason = "crowded"       // somebody else is close by
	ArmsRaised   tryon.Reason = "arms-raised"   // an arm is lifted above the shoulder
	ArmsInFront  tryon.Reason = "arms-in-front" // arms hide the chest, and can't be told from the clothes
	ArmsBent     tryon.Reason = "arms-bent"     // an elbow is bent too far for the long sleeves of the product
	ArmsHidden   tryon.Reason = "arms-hidden"   // an arm is not seen where it would hang
	Uncovered    tryon.Reason = "uncovered"     // what is worn now would show around the product
	Unseparable  tryon.Reason = "unseparable"   // the person can't be told from the background
	OddGeometry  tryon.Reason = "odd-geometry"  // shoulders, face and hips do not fit together
	noPicture    tryon.Reason = "not-decodable"
	notSupported tryon.Reason = "not-supported"
)

// The reasons for which a product picture is refused, with code tryon.BadProduct.
const (
	NoCutOut      tryon.Reason = "no-cut-out"      // no transparent and no plain background
	ProductCut    tryon.Reason = "product-cut-off" // the product touches the picture's edge
	ProductParts  tryon.Reason = "product-parts"   // more than one thing in the picture
	ProductSize   tryon.Reason = "product-size"    // fills too little or too much of the picture, or too few pixels
	ProductShape  tryon.Reason = "product-shape"   // not the outline of a top seen from the front
	ProductPerson tryon.Reason = "product-person"  // somebody wears it
)

// The codes of warnings.
const (
	// WarnOldGarment: what is worn now shows beside or below the product.
	WarnOldGarment = "old-garment-visible"
	// WarnHair: hair over the shoulders may be drawn over.
	WarnHair = "hair-may-be-covered"
	// WarnArms: arms were guessed, because they are not in the picture.
	WarnArms = "arms-guessed"
	// WarnHips: the direction of the body was guessed, because the hips are not in the picture.
	WarnHips = "hips-guessed"
	// WarnPreview: the result shows the style, not the fit.
	WarnPreview = "style-preview"
)

var warningTexts = map[string]string{
	WarnOldGarment: "what is worn in the photo shows beside the product",
	WarnHair:       "long hair may be partly covered by the product",
	WarnArms:       "the arms are not in the photo; sleeves were drawn hanging down",
	WarnHips:       "the hips are not in the photo; the body's direction was taken from shoulders and face",
	WarnPreview:    "drawn from the product picture; shows the style, not the fit",
}

func warning(code string) tryon.Warning {
	return tryon.Warning{Code: code, Text: warningTexts[code]}
}

func badPhoto(r tryon.Reason) *tryon.Error {
	return &tryon.Error{Code: tryon.BadPhoto, Backend: Name, Reason: r}
}

func badProduct(r tryon.Reason) *tryon.Error {
	return &tryon.Error{Code: tryon.BadProduct, Backend: Name, Reason: r}
}
