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

// Source says how measurements were taken and so how far to trust them.
type Source uint8

// The sources. The zero value is Tape.
const (
	Tape Source = iota
	SelfReported
	Scanner
)

// Body is what is known about a person. Every field is optional: zero means
// unknown, and Body{} is a person we know nothing about. Printing or
// marshalling a Body shows no measurement.
type Body struct {
	Sex    Sex
	Age    float64 // years
	Weight Mass
	Height Length

	Chest        Length // largest horizontal girth under the arms
	Bust         Length // the same, women's charts
	Underbust    Length
	Waist        Length // at the navel, where trousers' size tables measure
	WaistNatural Length // the narrowest girth above the navel
	Hips         Length // largest girth over the buttocks
	Inseam       Length // crotch to floor
	Outseam      Length // waist to floor
	Neck         Length
	Shoulder     Length // biacromial breadth
	Sleeve       Length // spine to wrist
	Arm          Length // upper-arm girth
	Thigh        Length
	Calf         Length
	FootLength   Length
	FootBreadth  Length
	HandGirth    Length
	HeadGirth    Length

	Source Source
}
