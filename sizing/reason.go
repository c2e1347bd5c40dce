package sizing

// A Reason says why a size was named: a code for programs and translators, and
// its English text. Field is a dimension of the chart, or "". Neither holds a value.
type Reason struct {
	Code  string `json:"code"`
	Field string `json:"field,omitempty"`
	Text  string `json:"text"`
}

// The codes of reasons.
const (
	ReasonMeasured     = "measured"  // Field was measured
	ReasonEstimated    = "estimated" // Field was estimated from what else is known
	ReasonDecides      = "decides"   // of several, Field asks for the largest size
	ReasonPrefersSlim  = "prefers-slim"
	ReasonPrefersLoose = "prefers-loose"
	ReasonWorn         = "worn"    // clothes that fit spoke for it
	ReasonLearned      = "learned" // other customers' experience with the product moved it
)

func reason(code, field string) Reason {
	r := Reason{Code: code, Field: field}
	switch code {
	case ReasonMeasured:
		r.Text = "This was measured."
	case ReasonEstimated:
		r.Text = "This was estimated from what else is known."
	case ReasonDecides:
		r.Text = "This asks for the largest size, so it decides."
	case ReasonPrefersSlim:
		r.Text = "A slim fit is preferred."
	case ReasonPrefersLoose:
		r.Text = "A loose fit is preferred."
	case ReasonWorn:
		r.Text = "Clothes the person wears were taken into account."
	case ReasonLearned:
		r.Text = "Other customers' experience with this product was taken into account."
	}
	return r
}
