package sizing

// Length is a length in centimetres: 36*Inch.
type Length float64

// Units of Length.
const (
	Cm   Length = 1
	Mm   Length = 0.1
	M    Length = 100
	Inch Length = 2.54
	Foot Length = 30.48
)

// Mass is a mass in kilograms: 150*Lb.
type Mass float64

// Units of Mass.
const (
	Kg    Mass = 1
	Lb    Mass = 0.45359237
	Stone Mass = 14 * Lb
)

// Sex selects the body model. Unspecified mixes both.
type Sex uint8

// The sexes the surveys record.
const (
	Unspecified Sex = iota
	Female
	Male
)

// Source says how measurements were taken and so how far to trust them. It
// sets the noise the model allows for; see Body.Source.
type Source uint8

// The sources. The zero value is Tape.
const (
	// Tape is somebody at home with a tape measure and bathroom scales:
	// one standard deviation is 0.5 % of the height, 1 % of the weight, 2 to
	// 2.5 % of a girth, 2.5 % of a leg length, 1 % of a foot.
	Tape Source = iota
	// SelfReported is from memory: twice the noise of Tape.
	SelfReported
	// Scanner is a body scanner or a trained measurer: the values are taken
	// as they are, and a chart's own size comes out.
	Scanner
)

// Population says what people a body is one of. It matters as long as the weight or
// the age is not known: at the same height soldiers are 10 to 15 kg lighter than civilians
// and differ less from each other, and no interval can be right about both.
type Population uint8

// The populations. The zero value takes each estimate from the people it was measured on.
const (
	// AsMeasured estimates every measurement as of the people of the survey that has it: height,
	// weight, waist, hips and arm as of civilians, chest, legs, neck and the rest as of soldiers,
	// because no civilian's is on record. Its intervals have been held against those very people.
	// Where age, height and weight are known it is the same as Civilians.
	AsMeasured Population = iota
	// Active are people who must keep fit, measured as soldiers in ANSUR II: for
	// uniforms, workwear and sports clubs. Children have no such model.
	Active
	// Civilians are the adults of NHANES, for all measurements: for a shop that serves everybody and
	// does not ask the weight. Their chests and necks follow from their weights and waists; how right
	// that is nobody has measured.
	Civilians
	numPopulations
)

// Shape is how a person describes the figure. It is a hint, taken for half as
// true as it sounds: who says Apple has a waist of the upper third among people of
// the same measurements, as far as a hint moves an estimate.
type Shape uint8

// The shapes. The zero value is unknown.
const (
	UnknownShape  Shape = iota
	Hourglass           // a narrow waist
	AthleticShape       // broad shoulders
	Pear                // wide hips
	PetiteShape         // a short torso and sleeves: says little
	FullBust            // a large bust
	StraightShape       // narrow hips
	Apple               // a wide waist
	numShapes
)

// Body is what is known about a person. Every field is optional: zero means
// unknown, and Body{} is a person we know nothing about.
//
// Body does not show what it holds: fmt with every verb, log/slog,
// encoding/json, encoding/xml and error texts print "sizing.Body{redacted}",
// and encoding/gob refuses it. That covers a Body inside exported fields,
// pointers, slices and maps too. It cannot cover one in an unexported field, where
// fmt may not call methods, by value or by pointer: give such a struct a
// Format method of its own, or keep the Body out of it. Nor can it cover %p of a Body
// that is no pointer, a mistake go vet finds: there fmt asks no method at all.
//
// A Body is plain data, not safe for use by many goroutines while it changes.
type Body struct {
	Sex    Sex
	Age    float64 // years, 2 to 120; under 17 selects the children's model
	Weight Mass
	Height Length

	Chest        Length // largest horizontal girth under the arms, over the bust
	Bust         Length // the same girth, as women's charts call it
	Underbust    Length // girth below the breasts
	Waist        Length // at the navel, where trousers' size tables measure
	WaistNatural Length // the narrowest girth above the navel: 2 (men) to 7 cm (women) less
	Hips         Length // largest girth over the buttocks
	Inseam       Length // crotch to floor: about 3 cm more than a jeans label says
	Outseam      Length // waist to floor
	Neck         Length
	Shoulder     Length // biacromial breadth
	Sleeve       Length // spine to wrist, over shoulder and elbow
	Arm          Length // upper-arm girth, relaxed
	Thigh        Length
	Calf         Length
	FootLength   Length // heel to the longest toe, not the shoe
	FootBreadth  Length
	HandGirth    Length
	HeadGirth    Length

	// Shape is how the person describes the figure, a hint: see the constants.
	Shape Shape

	// Population is what people the body is one of; it matters where age, height or weight are not known.
	Population Population

	// Source is how the measurements were taken: all of them, mixed sources
	// take the least trusted.
	Source Source

	worn worn // see Wears
}
