package sizing

import (
	"fmt"
	"math"
	"strings"
)

// The variables of the body model, in the order the chain is fitted. vAge to
// vWeight carry everything else; each later one depends only on earlier ones.
const (
	vAge = iota
	vHeight
	vWeight
	vWaist
	vHips
	vArm
	vChest
	vInseam
	vOutseam
	vNeck
	vShoulder
	vSleeve
	vThigh
	vCalf
	vFootLength
	vFootBreadth
	vHandGirth
	vHeadGirth
	vUnderbust
	vWaistNatural
	numVars
)

// A measure is one named measurement: which variable of the model it is, what is
// possible, and how well a tape catches it. Body.at says where it lives.
type measure struct {
	name     string
	variable uint8
	min, max float64 // cm or kg
	noise    float64 // relative, one standard deviation, Tape
}

// measures lists the lengths in documented order. The limits are wide: they
// refuse what no human body has, from infants to the largest on record.
var measures = [...]measure{
	{"height", vHeight, 40, 275, 0.005},
	{"chest", vChest, 25, 300, 0.021},
	{"bust", vChest, 25, 300, 0.021},
	{"underbust", vUnderbust, 25, 300, 0.02},
	{"waist", vWaist, 25, 350, 0.025},
	{"waist_natural", vWaistNatural, 25, 350, 0.025},
	{"hips", vHips, 25, 350, 0.02},
	{"inseam", vInseam, 10, 150, 0.025},
	{"outseam", vOutseam, 15, 190, 0.025},
	{"neck", vNeck, 12, 100, 0.02},
	{"shoulder", vShoulder, 12, 80, 0.03},
	{"sleeve", vSleeve, 20, 140, 0.025},
	{"arm", vArm, 6, 120, 0.025},
	{"thigh", vThigh, 12, 180, 0.025},
	{"calf", vCalf, 8, 120, 0.025},
	{"foot_length", vFootLength, 6, 50, 0.01},
	{"foot_breadth", vFootBreadth, 2, 25, 0.02},
	{"hand_girth", vHandGirth, 6, 45, 0.02},
	{"head_girth", vHeadGirth, 25, 90, 0.01},
}

// Indices into measures of those that other code names.
const (
	mHeight = 0
	mChest  = 1
	mBust   = 2
)

const (
	minWeight, maxWeight = 1.5, 700.0 // kg
	weightNoise          = 0.01
	minAge, maxAge       = 2.0, 120.0 // years
)

// at is the field of the i-th measure.
func (b *Body) at(i int) *Length {
	switch i {
	case 0:
		return &b.Height
	case 1:
		return &b.Chest
	case 2:
		return &b.Bust
	case 3:
		return &b.Underbust
	case 4:
		return &b.Waist
	case 5:
		return &b.WaistNatural
	case 6:
		return &b.Hips
	case 7:
		return &b.Inseam
	case 8:
		return &b.Outseam
	case 9:
		return &b.Neck
	case 10:
		return &b.Shoulder
	case 11:
		return &b.Sleeve
	case 12:
		return &b.Arm
	case 13:
		return &b.Thigh
	case 14:
		return &b.Calf
	case 15:
		return &b.FootLength
	case 16:
		return &b.FootBreadth
	case 17:
		return &b.HandGirth
	default:
		return &b.HeadGirth
	}
}

// lengths copies the fields of all measures, in centimetres, in their order.
func (b *Body) lengths() [len(measures)]Length {
	return [...]Length{
		b.Height, b.Chest, b.Bust, b.Underbust, b.Waist, b.WaistNatural, b.Hips, b.Inseam, b.Outseam, b.Neck,
		b.Shoulder, b.Sleeve, b.Arm, b.Thigh, b.Calf, b.FootLength, b.FootBreadth, b.HandGirth, b.HeadGirth,
	}
}

// Measurements lists the names that Set, Get and charts use, in the order
// Estimates.All follows. Weight, "weight_kg", is not a length and not in it.
func Measurements() []string {
	names := make([]string, len(measures))
	for i := range measures {
		names[i] = measures[i].name
	}
	return names
}

// find returns the index of the named length, or -1.
func find(name string) int {
	name = strings.TrimSuffix(name, "_cm")
	for i := range measures {
		if measures[i].name == name {
			return i
		}
	}
	return -1
}

// A RangeError is a value no body has: not a number, negative, infinite, or
// outside what is possible. It names the field and the range, never the value.
type RangeError struct {
	Field    string // "chest", "weight_kg", "age", "source", ...
	Min, Max float64
	Unit     string // "cm", "kg", "years", or "" for an enumeration
}

func (e *RangeError) Error() string {
	if e.Unit == "" {
		return fmt.Sprintf("sizing: body: %s is not one of the known values", e.Field)
	}
	return fmt.Sprintf("sizing: body: %s must be 0 (unknown) or from %g to %g %s", e.Field, e.Min, e.Max, e.Unit)
}

// A NameError is a measurement name Set does not know.
type NameError struct{ Name string }

func (e *NameError) Error() string { return fmt.Sprintf("sizing: body: no measurement %.40q", e.Name) }

// Set sets a measurement by the name Measurements lists, in centimetres, with
// or without the suffix "_cm"; "weight_kg" (or "weight") in kilograms and "age"
// in years. Zero makes it unknown again. A value that is possible in another unit
// only, a foot of 270 cm, is taken: Estimate and Recommend repair or refuse it.
// Set returns a *RangeError for a value no body has in any unit and a *NameError
// for a name there is not; b is then unchanged.
func (b *Body) Set(name string, value float64) error {
	switch name {
	case "weight_kg", "weight":
		if err := inRange("weight_kg", value, minWeight, maxWeight, "kg"); err != nil && !mendable(fieldWeight, value) {
			return err
		}
		b.Weight = Mass(value)
		return nil
	case "age":
		if err := inRange("age", value, minAge, maxAge, "years"); err != nil {
			return err
		}
		b.Age = value
		return nil
	}
	i := find(name)
	if i < 0 {
		return &NameError{Name: name}
	}
	m := &measures[i]
	if err := inRange(m.name, value, m.min, m.max, "cm"); err != nil && !mendable(i, value) {
		return err
	}
	*b.at(i) = Length(value)
	return nil
}

// Get returns a measurement by the names of Set, and whether it is known.
func (b *Body) Get(name string) (value float64, known bool) {
	switch name {
	case "weight_kg", "weight":
		return float64(b.Weight), b.Weight != 0
	case "age":
		return b.Age, b.Age != 0
	}
	i := find(name)
	if i < 0 {
		return 0, false
	}
	v := *b.at(i)
	return float64(v), v != 0
}

// ParseSex reads "female", "male" or "", in any case, and the single letters.
func ParseSex(s string) (Sex, error) {
	switch strings.ToLower(s) {
	case "female", "f", "woman", "women":
		return Female, nil
	case "male", "m", "man", "men":
		return Male, nil
	case "", "unspecified", "unknown", "unisex":
		return Unspecified, nil
	}
	return Unspecified, &RangeError{Field: "sex"}
}

// ParseSource reads "tape" (or ""), "self_reported" or "scanner".
func ParseSource(s string) (Source, error) {
	switch strings.ToLower(s) {
	case "", "tape":
		return Tape, nil
	case "self_reported", "self-reported":
		return SelfReported, nil
	case "scanner":
		return Scanner, nil
	}
	return Tape, &RangeError{Field: "source"}
}

// ParseShape reads "hourglass", "athletic", "pear", "petite", "full bust",
// "straight", "apple" or "", in any case.
func ParseShape(s string) (Shape, error) {
	switch strings.NewReplacer("-", " ", "_", " ").Replace(strings.ToLower(s)) {
	case "", "unknown":
		return UnknownShape, nil
	case "hourglass":
		return Hourglass, nil
	case "athletic":
		return AthleticShape, nil
	case "pear":
		return Pear, nil
	case "petite":
		return PetiteShape, nil
	case "full bust":
		return FullBust, nil
	case "straight", "straight & narrow", "rectangle":
		return StraightShape, nil
	case "apple":
		return Apple, nil
	}
	return UnknownShape, &RangeError{Field: "shape"}
}

// ParsePopulation reads "as measured" (or ""), "civilians" or "active", in any case.
func ParsePopulation(s string) (Population, error) {
	switch strings.NewReplacer("-", " ", "_", " ").Replace(strings.ToLower(s)) {
	case "", "as measured":
		return AsMeasured, nil
	case "civilians":
		return Civilians, nil
	case "active":
		return Active, nil
	}
	return AsMeasured, &RangeError{Field: "population"}
}

func inRange(field string, v, lo, hi float64, unit string) error {
	if v == 0 || (v >= lo && v <= hi) { // false for NaN
		return nil
	}
	return &RangeError{Field: field, Min: lo, Max: hi, Unit: unit}
}

// Validate checks every field: a *RangeError names the first that no body can
// have. Estimate and Recommend repair units first (see Repair) and then call it.
func (b *Body) Validate() error {
	for i, v := range b.lengths() {
		if v == 0 {
			continue
		}
		m := &measures[i]
		if err := inRange(m.name, float64(v), m.min, m.max, "cm"); err != nil {
			return err
		}
	}
	if err := inRange("weight_kg", float64(b.Weight), minWeight, maxWeight, "kg"); err != nil {
		return err
	}
	if err := inRange("age", b.Age, minAge, maxAge, "years"); err != nil {
		return err
	}
	if b.Sex > Male {
		return &RangeError{Field: "sex"}
	}
	if b.Source > Scanner {
		return &RangeError{Field: "source"}
	}
	if b.Shape >= numShapes {
		return &RangeError{Field: "shape"}
	}
	if b.Population >= numPopulations {
		return &RangeError{Field: "population"}
	}
	return nil
}

// noiseFactor scales the tape's noise for a source. A scanner's is not quite
// zero, so that covariances stay regular.
func (s Source) noiseFactor() float64 {
	switch s {
	case SelfReported:
		return 2
	case Scanner:
		return 0.005
	}
	return 1
}

// An observation is one known value as the model takes it: a standardised age
// or the logarithm of a length or mass, and the variance of its noise.
type observation struct {
	variable uint8
	measure  int8 // index into measures, -1 for age and weight, or isWorn
	y, noise float64
}

// observe appends what b knows to dst. Chest and bust are one girth: where both
// are given their mean counts.
func (b *Body) observe(dst []observation, p *population) []observation {
	k := b.Source.noiseFactor()
	add := func(v uint8, m int8, y, noise float64) {
		dst = append(dst, observation{v, m, y, noise * noise * k * k})
	}
	if b.Age != 0 {
		// Ages are whole years, and the surveys stop telling them apart at 80.
		dst = append(dst, observation{vAge, -1, (min(b.Age, 80) - p.ageMid) / p.ageScale, 0.09 / (p.ageScale * p.ageScale)})
	}
	if b.Weight != 0 {
		add(vWeight, -1, math.Log(float64(b.Weight)/p.weightRef), weightNoise)
	}
	for i, length := range b.lengths() {
		if length == 0 {
			continue
		}
		m, v := &measures[i], float64(length)
		if int(m.variable) >= p.vars() {
			continue
		}
		switch {
		case i == mHeight:
			v /= p.heightRef
		case i == mChest && b.Bust != 0:
			continue
		case i == mBust && b.Chest != 0:
			v = (v + float64(b.Chest)) / 2
		}
		add(m.variable, int8(i), math.Log(v), m.noise)
	}
	return b.worn.observe(dst, p)
}
