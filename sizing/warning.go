package sizing

// A Warning qualifies an answer: a code for programs and translators, and its
// English text. Field names the measurement or chart dimension it is about, or
// is "". Neither holds a value.
type Warning struct {
	Code  string  `json:"code"`
	Field string  `json:"field,omitempty"`
	Text  string  `json:"text"`
	Unit  string  `json:"unit,omitempty"` // of WarnRepaired: what the value was given in
	P     float64 `json:"p,omitempty"`    // of WarnUnlikely: how probable it is that the value is wrong
}

// The codes of warnings.
const (
	WarnNothingKnown   = "nothing-known"          // no measurement at all: the answer is the population's
	WarnSexUnknown     = "sex-unknown"            // both models are mixed
	WarnSexFromChart   = "sex-from-chart"         // the chart's sex was taken
	WarnSelfReported   = "self-reported"          // wider noise was allowed for
	WarnUnlikely       = "unlikely-measurement"   // Field disagrees with the other measurements
	WarnRepaired       = "unit-repaired"          // Field, or every length, was given in Unit and converted
	WarnBeyondSurveys  = "beyond-surveys"         // body-mass index or height outside what the surveys hold
	WarnChildModel     = "child-model"            // the children's model was used
	WarnChildLimited   = "child-limited"          // Field can't be estimated for children and is left out
	WarnNeedFootLength = "shoes-need-foot-length" // shoes are not recommended from height and weight
	WarnAboveChart     = "above-chart"            // larger than the largest size
	WarnBelowChart     = "below-chart"            // smaller than the smallest size
	WarnRunsSmall      = "runs-small"             // customers found the product to run small
	WarnRunsLarge      = "runs-large"
	WarnNotOffered     = "combination-not-offered"
	WarnOutOfStock     = "out-of-stock" // Wanted is not in stock; Size, if any, is the next best
	WarnLowConfidence  = "low-confidence"
)

// warningText is the English text of a code.
func warningText(code string) string {
	switch code {
	case WarnNothingKnown:
		return "Nothing is known of the body: this is the population's average, and no size is recommended."
	case WarnSexUnknown:
		return "The sex is not given: women's and men's bodies are mixed and the answer is wider."
	case WarnSexFromChart:
		return "The sex is not given: the chart's was taken."
	case WarnSelfReported:
		return "The measurements are self-reported; twice the noise of a tape is allowed for."
	case WarnUnlikely:
		return "This measurement does not go with the others; check it and its unit."
	case WarnBeyondSurveys:
		return "Height or weight lie outside what the surveys hold; the estimates are extrapolated."
	case WarnChildModel:
		return "Estimates for children rest on height, weight and age alone."
	case WarnChildLimited:
		return "This measurement can't be estimated for a child; it is left out unless measured."
	case WarnNeedFootLength:
		return "Shoes are not recommended from height and weight: measure the foot."
	case WarnAboveChart:
		return "The body is larger than the largest size of this chart."
	case WarnBelowChart:
		return "The body is smaller than the smallest size of this chart."
	case WarnRunsSmall:
		return "Customers found that this runs small; a larger size is recommended than the chart says."
	case WarnRunsLarge:
		return "Customers found that this runs large; a smaller size is recommended than the chart says."
	case WarnNotOffered:
		return "The combination of sizes this body needs is not offered."
	case WarnOutOfStock:
		return "The right size is not in stock."
	case WarnLowConfidence:
		return "No size stands out; one measurement more would help most."
	}
	return ""
}

// warn appends a warning once.
func warn(list []Warning, code, field string) []Warning {
	for i := range list {
		if list[i].Code == code && list[i].Field == field {
			return list
		}
	}
	return append(list, Warning{Code: code, Field: field, Text: warningText(code)})
}

// doubt warns that a value is wrong with probability p, once.
func doubt(list []Warning, field string, p float64) []Warning {
	n := len(list)
	if list = warn(list, WarnUnlikely, field); len(list) > n {
		list[n].P = p
	}
	return list
}
