package sizing

import "slices"

// A Warning qualifies an answer: a code for programs and translators, and its
// English text. Field names the measurement or chart dimension it is about, or
// is "". Neither holds a value.
type Warning struct {
	Code  string `json:"code"`
	Field string `json:"field,omitempty"`
	Text  string `json:"text"`
}

// The codes of warnings.
const (
	NothingKnown   = "nothing-known"          // no measurement at all: the answer is the population's
	SexUnknown     = "sex-unknown"            // both models are mixed
	SexFromChart   = "sex-from-chart"         // the chart's sex was taken
	SelfReportedW  = "self-reported"          // wider noise was allowed for
	Unlikely       = "unlikely-measurement"   // Field disagrees with the other measurements
	BeyondSurveys  = "beyond-surveys"         // body-mass index or height outside what the surveys hold
	ChildModel     = "child-model"            // the children's model was used
	ChildLimited   = "child-limited"          // Field can't be estimated for children and is left out
	NeedFootLength = "shoes-need-foot-length" // shoes are not recommended from height and weight
	AboveChart     = "above-chart"            // larger than the largest size
	BelowChart     = "below-chart"            // smaller than the smallest size
	NotOffered     = "combination-not-offered"
	LowConfidence  = "low-confidence"
)

var warningTexts = map[string]string{
	NothingKnown:   "Nothing is known of the body; no size is recommended.",
	SexUnknown:     "The sex is not given: women's and men's bodies are mixed and the answer is wider.",
	SexFromChart:   "The sex is not given: the chart's was taken.",
	SelfReportedW:  "The measurements are self-reported; twice the noise of a tape is allowed for.",
	Unlikely:       "This measurement does not go with the others; check it and its unit.",
	BeyondSurveys:  "Height or weight lie outside what the surveys hold; the estimates are extrapolated.",
	ChildModel:     "Estimates for children rest on height, weight and age alone.",
	ChildLimited:   "This measurement can't be estimated for a child; it is left out unless measured.",
	NeedFootLength: "Shoes are not recommended from height and weight: measure the foot.",
	AboveChart:     "The body is larger than the largest size of this chart.",
	BelowChart:     "The body is smaller than the smallest size of this chart.",
	NotOffered:     "The combination of sizes this body needs is not offered.",
	LowConfidence:  "No size stands out; one measurement more would help most.",
}

// warn appends a warning once.
func warn(list []Warning, code, field string) []Warning {
	w := Warning{Code: code, Field: field, Text: warningTexts[code]}
	if slices.Contains(list, w) {
		return list
	}
	return append(list, w)
}
