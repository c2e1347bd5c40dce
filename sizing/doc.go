// Package sizing answers "which size?" from whatever a shopper knows, with a
// probability for every size of the chart and the fit at each part of the body.
//
//	chart, err := sizing.ParseChart(file, nil)
//	b := &sizing.Body{Sex: sizing.Female, Height: 168 * sizing.Cm, Weight: 64 * sizing.Kg, Age: 34}
//	r, err := chart.Recommend(b, nil)
//	if r.Size == "" {
//		// no size of this chart fits, or too little is known: r.Warnings says which
//	}
//	for _, s := range r.Sizes {
//		fmt.Println(s.Label, s.P)
//	}
//
// What is not given is estimated by a log-Gaussian body model fitted to public
// survey data (Estimate shows it), and the uncertainty of the estimate is
// carried into the answer. What is given is weighed against the rest by the noise
// of its source: a tape at home is wrong by 2 %, and shrinking it towards the
// model names the right size more often than looking it up. With measurements
// from a Scanner the chart's own size comes out.
//
// Values in a mistaken unit are repaired and said so (Repair). Chart.Ask says what to
// ask next, Recommendation.Reasons why. Clothes that fit speak through Body.Wears, and
// what customers keep and return through a Learner, whose Shift goes into Options. Rank
// orders many products for one body, Convert translates size labels, Profile keeps a
// shopper's measurements behind a gate.
//
// The package links nothing but the standard library and reads no file; the
// model is 10 kB of numbers. Values of this package that hold body data print as
// "redacted"; AppendJSON is the deliberate way out.
//
// # Charts
//
// ParseChart reads fitveil's JSON, CSV, XLSX, HTML tables, schema.org JSON-LD and two
// table shapes found in the wild; Chart.Guesses tells what it had to guess.
// Chart.Lint finds the mistakes that send wrong parcels. Three traps it can't
// find: a chart of garment measurements taken for one of bodies; a "waist" that
// means the natural waist (call the column waist_natural), where Body.Waist is at
// the navel, 7 cm more for women; a jeans inseam, about 3 cm less than the body's.
//
// # Limits
//
// The surveys are American (ANSUR I and II, NHANES 2017-2020) and the model
// inherits that; ANSUR's people are soldiers. From height, weight and age alone
// nobody can name the right letter size in more than about 70 % (men) or 59 to 63 %
// (women) of cases; a tape measurement helps more than any model. Shoes are not
// recommended from height and weight. Of children from 2 to 16 only waist, arm
// and, from 12 years, hips are estimated; other dimensions count when measured.
// Without a weight or an age, what only soldiers were measured for is estimated as theirs, the
// rest as civilians': Body.Population says otherwise.
// bench/results has the error of every estimate, measured on people the model has not seen.
package sizing
