package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"

	"github.com/fitveil/fitveil/sizing"
)

// A verdict is one prediction and what became of the order.
type verdict struct {
	p       [3]float64 // too small, kept, too large
	outcome int        // index into p
}

// quality is how predictions did.
type quality struct {
	Orders int `json:"orders"`
	AUC    struct {
		TooSmall float64 `json:"too_small"`
		Kept     float64 `json:"kept"`
		TooLarge float64 `json:"too_large"`
		Average  float64 `json:"average"`
	} `json:"auc"`
	LogLoss     float64 `json:"log_loss"`
	Calibration float64 `json:"calibration_error"` // of the probability of keeping
}

// slice is the quality for some of the orders.
type slice struct {
	By    string `json:"by"`
	Value string `json:"value"`
	quality
	KeptShare float64 `json:"kept_share"`
	Predicted float64 `json:"kept_predicted"`
}

// sizeQuality compares the sizes named with the sizes that were kept.
type sizeQuality struct {
	Kept      int     `json:"kept_orders"`
	Right     float64 `json:"right"`
	WithinOne float64 `json:"within_one"`
	Followed  float64 `json:"kept_share_where_followed"`
	Other     float64 `json:"kept_share_where_not"`
}

type evaluation struct {
	Learnt  int          `json:"learnt_from"`
	Skipped int          `json:"skipped_lines"`
	History quality      `json:"with_history"`
	Cold    quality      `json:"cold"` // the same orders, product and shopper taken for new
	Sizes   *sizeQuality `json:"sizes,omitempty"`
	Bins    []bin        `json:"calibration"`
	Slices  []slice      `json:"slices"`
}

type bin struct {
	Orders    int     `json:"orders"`
	Predicted float64 `json:"kept_predicted"`
	Share     float64 `json:"kept_share"`
}

// evaluator replays orders.
type evaluator struct {
	learner *sizing.Learner
	chart   *sizing.Chart
	rec     sizing.Recommendation

	learnt        int
	history, cold []verdict
	groups        map[[2]string][]verdict

	kept, right, near        int
	followed, followedKept   int
	different, differentKept int
}

// evaluate replays a shop's own orders: each is predicted before it is learnt from.
// With -test the first file is learnt from, and the second is predicted only.
func evaluate(sh *shell, args []string) error {
	fs := sh.flags("evaluate")
	orders := fs.String("orders", "", "CSV of orders: product, size, outcome (kept, too_small, too_large), and shopper, brand, date, sex, age, height_cm, weight_kg, chest_cm, ...")
	test := fs.String("test", "", "CSV of orders to predict; default: those of -orders, each before it is learnt from")
	chartFile := fs.String("chart", "", "size chart of the orders; without it sizes are numbers and their meaning is learnt")
	sex := fs.String("sex", "", "of everybody, where the orders do not say")
	save := fs.String("save", "", "file to write what was learnt to, JSON")
	if err := parse(fs, args); err != nil {
		return err
	}
	who, err := sizing.ParseSex(*sex)
	switch {
	case *orders == "":
		return errors.New("-orders is needed")
	case err != nil:
		return errors.New("-sex is not female or male")
	}
	e := &evaluator{learner: sizing.NewLearner(nil), groups: map[[2]string][]verdict{}}
	if *chartFile != "" {
		if e.chart, err = sh.chart(*chartFile); err != nil {
			return err
		}
	}
	skipped, err := eachOrder(*orders, who, func(o *order) {
		e.place(o)
		if *test == "" {
			e.predict(o)
		}
		e.learn(o)
	})
	if err == nil && *test != "" {
		var more int
		more, err = eachOrder(*test, who, func(o *order) {
			e.place(o)
			e.predict(o)
		})
		skipped += more
	}
	if err != nil {
		return err
	}
	if len(e.history) == 0 {
		return fmt.Errorf("%w: %w", errRefused, errNoOrders)
	}
	if *save != "" {
		if err := saveLearner(*save, e.learner); err != nil {
			return err
		}
	}
	return sh.print(e.report(skipped))
}

func saveLearner(path string, l *sizing.Learner) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(l.SaveJSON(f), f.Close())
}

// place works out how far the size sold lies from what the chart says.
func (e *evaluator) place(o *order) {
	if e.chart == nil || e.chart.RecommendInto(&e.rec, &o.body, nil) != nil {
		e.rec.Size = ""
		return
	}
	o.sale.Gap, o.sale.HasGap = e.chart.Gap(&e.rec, o.label)
}

func (e *evaluator) learn(o *order) {
	if e.learner.Learn(&o.sale) == nil {
		e.learnt++
	}
}

func (e *evaluator) predict(o *order) {
	s := o.sale
	warm, err := e.learner.Predict(&s)
	if err != nil {
		return
	}
	s.Product, s.Shopper = "\x00new", 0 // brand or category are known of a new product too
	cold, err := e.learner.Predict(&s)
	if err != nil {
		return
	}
	k := int(o.sale.Outcome) + 1
	v := verdict{[3]float64{warm.TooSmall, warm.Kept, warm.TooLarge}, k}
	e.history = append(e.history, v)
	e.cold = append(e.cold, verdict{[3]float64{cold.TooSmall, cold.Kept, cold.TooLarge}, k})
	for _, g := range groupsOf(&o.body) {
		e.groups[g] = append(e.groups[g], v)
	}
	e.size(o)
}

// size compares the size named with the one sold.
func (e *evaluator) size(o *order) {
	if e.chart == nil || e.rec.Size == "" || !o.sale.HasGap {
		return
	}
	kept := o.sale.Outcome == sizing.Kept
	if e.rec.Size == o.label {
		e.followed++
		e.followedKept += one(kept)
	} else {
		e.different++
		e.differentKept += one(kept)
	}
	if kept {
		labels := e.chart.Sizes()
		e.kept++
		d := slices.Index(labels, e.rec.Size) - slices.Index(labels, o.label)
		e.right += one(d == 0)
		e.near += one(d >= -1 && d <= 1)
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// groupsOf are the groups of people that a body belongs to.
func groupsOf(b *sizing.Body) [][2]string {
	out := [][2]string{{"sex", [...]string{"unknown", "female", "male"}[b.Sex]}}
	band := func(name string, v float64, edges ...float64) {
		if v == 0 {
			out = append(out, [2]string{name, "unknown"})
			return
		}
		lo := "under " + strconv.FormatFloat(edges[0], 'g', -1, 64)
		for i, e := range edges {
			if v >= e {
				lo = "from " + strconv.FormatFloat(edges[i], 'g', -1, 64)
			}
		}
		out = append(out, [2]string{name, lo})
	}
	var bmi float64
	if b.Height != 0 && b.Weight != 0 {
		m := float64(b.Height) / 100
		bmi = float64(b.Weight) / (m * m)
	}
	band("bmi", bmi, 18.5, 25, 30, 40)
	band("age", b.Age, 18, 30, 40, 50, 60)
	band("height_cm", float64(b.Height), 155, 165, 175, 185)
	return out
}

func (e *evaluator) report(skipped int) *evaluation {
	out := &evaluation{Learnt: e.learnt, Skipped: skipped, History: judge(e.history), Cold: judge(e.cold), Bins: bins(e.history), Slices: []slice{}}
	if e.chart != nil && e.kept > 0 {
		out.Sizes = &sizeQuality{
			Kept: e.kept, Right: round(share(e.right, e.kept)), WithinOne: round(share(e.near, e.kept)),
			Followed: round(share(e.followedKept, e.followed)), Other: round(share(e.differentKept, e.different)),
		}
	}
	for g, list := range e.groups {
		s := slice{By: g[0], Value: g[1], quality: judge(list)}
		for _, v := range list {
			s.Predicted += v.p[1] / float64(len(list))
			s.KeptShare += float64(one(v.outcome == 1)) / float64(len(list))
		}
		s.Predicted, s.KeptShare = round(s.Predicted), round(s.KeptShare)
		out.Slices = append(out.Slices, s)
	}
	slices.SortFunc(out.Slices, func(a, b slice) int {
		if a.By != b.By {
			return compare(a.By, b.By)
		}
		return compare(a.Value, b.Value)
	})
	return out
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// judge measures predictions: for each outcome the chance that an order with it was
// given a higher probability than one without (AUC), the log loss, and how far shares of kept
// orders are from what was predicted.
func judge(list []verdict) quality {
	q := quality{Orders: len(list)}
	var loss float64
	for _, v := range list {
		loss -= math.Log(max(v.p[v.outcome], 1e-12)) / float64(len(list))
	}
	for _, b := range bins(list) {
		q.Calibration += math.Abs(b.Predicted-b.Share) * float64(b.Orders) / float64(len(list))
	}
	q.LogLoss, q.Calibration = round(loss), round(q.Calibration)
	a := [3]float64{aucOf(list, 0), aucOf(list, 1), aucOf(list, 2)}
	q.AUC.TooSmall, q.AUC.Kept, q.AUC.TooLarge, q.AUC.Average = round(a[0]), round(a[1]), round(a[2]), round((a[0]+a[1]+a[2])/3)
	return q
}

// aucOf is the area under the curve of one outcome, half where it never or always occurred.
func aucOf(list []verdict, k int) float64 {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, func(a, b verdict) int {
		switch {
		case a.p[k] < b.p[k]:
			return -1
		case a.p[k] > b.p[k]:
			return 1
		}
		return 0
	})
	var ranks, yes float64
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j].p[k] == sorted[i].p[k] {
			j++
		}
		for _, v := range sorted[i:j] {
			if v.outcome == k {
				ranks += float64(i+j+1) / 2
				yes++
			}
		}
		i = j
	}
	no := float64(len(sorted)) - yes
	if yes == 0 || no == 0 {
		return 0.5
	}
	return (ranks - yes*(yes+1)/2) / (yes * no)
}

// bins are ten bins of the probability of keeping, those that hold orders.
func bins(list []verdict) []bin {
	var all [10]bin
	for _, v := range list {
		b := &all[min(int(10*v.p[1]), 9)]
		b.Orders++
		b.Predicted += v.p[1]
		b.Share += float64(one(v.outcome == 1))
	}
	out := []bin{}
	for _, b := range all {
		if b.Orders > 0 {
			b.Predicted, b.Share = round(b.Predicted/float64(b.Orders)), round(b.Share/float64(b.Orders))
			out = append(out, b)
		}
	}
	return out
}
