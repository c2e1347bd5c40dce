// Package sizing answers "which size?" from whatever a shopper knows, with a
// probability for every size of the chart and the fit at each part of the body.
//
//	chart, err := sizing.ParseChart(file, nil)
//	b := &sizing.Body{Sex: sizing.Female, Height: 168 * sizing.Cm, Weight: 64 * sizing.Kg, Age: 34}
//	r, err := chart.Recommend(b, nil)
//	if r.Size == "" {
//		// no size of this chart fits: say so
//	}
//	for _, s := range r.Sizes {
//		fmt.Println(s.Label, s.P)
//	}
//
// What is not given is estimated by a log-Gaussian body model fitted to public
// survey data, and the uncertainty of the estimate is carried into the answer.
//
// # Limits
//
// The surveys are American (ANSUR, NHANES) and the model inherits that. From
// height, weight and age alone nobody can name the right letter size in more
// than about 70 % (men) or 59 % (women) of cases; a tape measurement helps more
// than any model. Shoes are not recommended from height and weight.
package sizing
