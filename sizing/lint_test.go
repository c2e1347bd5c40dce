package sizing_test

import (
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
	"github.com/google/go-cmp/cmp"
)

func codes(issues []sizing.Issue) map[string]int {
	m := map[string]int{}
	for _, i := range issues {
		m[i.Code]++
	}
	return m
}

func TestLint(t *testing.T) {
	for _, q := range []struct {
		name, text string
		want       map[string]int
		where      string // a size or dimension that an issue must name
	}{
		{"clean", "size,chest,waist\nXS,78-86,66-74\nS,86-94,74-82\nM,94-102,82-90\nL,102-110,90-98\nXL,110-118,98-106", map[string]int{}, ""},
		{"whole centimetres are no gap", "size,chest\nS,86-93\nM,94-101\nL,102-109", map[string]int{}, ""},
		{"two axes", "size,waist,inseam\n30/30,76-79,74-78\n30/32,76-79,78-82\n32/30,79-84,74-78\n32/32,79-84,78-82", map[string]int{}, ""},
		{"gap", "size,chest\nS,86-92\nM,94-102\nL,102-110", map[string]int{sizing.LintGap: 1}, "M"},
		{"overlap", "size,chest\nS,86-96\nM,94-102\nL,102-110", map[string]int{sizing.LintOverlap: 1}, "M"},
		{"inverted", "size,chest\nS,94-86\nM,94-102\nL,102-110", map[string]int{sizing.LintInverted: 1}, "S"},
		{"duplicate label", "size,chest\nS,86-94\ns,94-102\nL,102-110", map[string]int{sizing.LintDuplicateLabel: 1}, "s"},
		{"same ranges", "size,chest\nS,86-94\nM,94-102\nM tall,94-102\nL,102-110", map[string]int{sizing.LintSameRanges: 1}, "M tall"},
		{"two rows swapped", "size,chest,waist\nS,86-94,74-82\nL,102-110,90-98\nM,94-102,82-90\nXL,110-118,98-106\n2XL,118-126,106-114", map[string]int{sizing.LintSwapped: 1}, "M"},
		{"two cells swapped", "size,chest,waist\nS,86-94,74-82\nM,94-102,90-98\nL,102-110,82-90\nXL,110-118,98-106\n2XL,118-126,106-114", map[string]int{sizing.LintOrder: 1}, "waist"},
		{"slipped column", "size,chest,waist\nS,86-94,\nM,94-102,74-82\nL,102-110,82-90\nXL,110-118,90-98", map[string]int{sizing.LintMissing: 1}, "waist"},
		{"typing mistake", "size,bust\n34,80\n36,84\n38,88\n40,92\n42,69\n44,100", map[string]int{sizing.LintOrder: 1, sizing.LintStep: 2}, "42"},
		{"two columns swapped", "size,waist,hips\nS,90-94,66-70\nM,94-98,70-74\nL,98-102,74-78", map[string]int{sizing.LintColumns: 1}, "waist"},
		{"half girths in one of three columns", "size,chest,waist,hips\nS,88-92,74-78,46-48\nM,92-96,78-82,48-50\nL,96-100,82-86,50-52", map[string]int{sizing.LintUnit: 1}, "hips"},
		{"half girths in one of two columns", "size,waist,hips\nS,38-40,90-94\nM,40-42,94-98\nL,42-44,98-102", map[string]int{sizing.LintUnit: 1}, "waist"},
		{"a system twice", "Size,EU,EU Size,UK Größe,US Men,Leeftijd,Schuhgröße,bust\nS,36,36,8,6,30,38,82-86\nM,38,38,10,8,31,39,86-90", map[string]int{}, ""},
		{"a stout waist", "size,chest,waist,hips\n4XL,130-138,128-138,128-136\n5XL,138-146,138-148,136-144", map[string]int{}, ""},
		{"systems under their names", "EU Size,Rozmiar UK,bust\n36,8,82-86\n38,10,86-90", map[string]int{}, ""},
		{"inches", "size,chest (cm)\nS,34-36\nM,36-38\nL,38-40", map[string]int{sizing.LintUnit: 1}, "chest"},
		{"millimetres", "size,waist\nS,660-700\nM,700-740\nL,740-780", map[string]int{sizing.LintUnit: 1}, "waist"},
		{"one column in inches beside height", "size,height,chest\nS,164-170,34-36\nM,170-176,36-38\nL,176-182,38-40", map[string]int{sizing.LintUnit: 1}, "chest"},
		{"half girths", `{"kind": "garment", "dimensions": [{"name": "hips", "ease": [2, 8]}], "sizes": [{"label": "S", "hips": 46}, {"label": "M", "hips": 50}, {"label": "L", "hips": 54}]}`, map[string]int{sizing.LintUnit: 1}, "hips"},
		{"a cell in inches", "size,chest,waist\nS,86-94,74-82\nM,37-40,82-90\nL,102-110,90-98\nXL,110-118,98-106\nXXL,118-126,106-114", map[string]int{sizing.LintUnit: 1}, "M"},
		{"a row in millimetres", "size,chest,waist\nS,86-94,74-82\nM,940-990,820-900\nL,102-110,90-98\nXL,110-118,98-106\nXXL,118-126,106-114", map[string]int{sizing.LintUnit: 2}, "M"},
		{"a half girth", "size,hips\n36,92\n38,96\n40,50\n42,104\n44,108", map[string]int{sizing.LintUnit: 1}, "40"},
		{"a weight in pounds", "size,height,weight (kg)\nS,160-166,50-58\nM,166-172,58-66\nL,172-178,146-164\nXL,178-184,74-82", map[string]int{sizing.LintUnit: 1}, "L"},
		{"a cell in inches among five", "size,chest\nXS,76-86\nS,43-48\nM,96-106\nL,106-116\nXL,116-126", map[string]int{sizing.LintUnit: 1}, "S"},
		{"one size for everybody", "size,weight (kg)\nXS,40-50\nS,45-60\nM,55-70\nOne size,80-200", map[string]int{sizing.LintOverlap: 2, sizing.LintGap: 1}, ""},
		{"downwards", "size,chest,waist\nXL,110-118,98-106\nL,102-110,90-98\nM,94-102,82-90\nS,86-94,74-82", map[string]int{}, ""},
		{"open in the middle", "size,chest\nS,86-94\nM,94+\nL,102-110", map[string]int{sizing.LintOpen: 1}, "M"},
		{"two axes, a cell of another row", "size,waist,inseam\n30/30,76-79,74-78\n30/32,76-79,78-82\n30/34,76-79,82-86\n32/30,79-84,74-78\n32/32,97-102,78-82\n32/34,79-84,82-86\n33/30,84-88,74-78\n33/32,84-88,78-82\n33/34,84-88,82-86", nil, "32/32"},
		{"two axes, a length that is not its label's", "size,waist,inseam\n30/30,76-79,74-78\n30/32,76-79,78-82\n30/34,76-79,82-86\n32/30,79-84,74-78\n32/32,79-84,78-82\n32/34,79-84,86-90\n33/30,84-88,74-78\n33/32,84-88,78-82\n33/34,84-88,82-86", nil, "32/34"},
		{"two axes, regular before short and long", "size,chest,height\n48,94-98,170-178\n48 S,94-98,162-170\n48 L,94-98,178-186\n50,98-102,170-178\n50 S,98-102,162-170\n50 L,98-102,178-186\n52,102-106,170-178\n52 S,102-106,162-170\n52 L,102-106,178-186", map[string]int{}, ""},
		{"two axes, one size of three lengths", "size,chest,height\nS Regular,86-94,170-178\nS Long,86-94,178-186\nM Regular,94-102,170-178\nM Long,94-102,178-186\nL Regular,102-110,170-178\nL Short,102-110,162-170\nL Long,102-110,178-186", map[string]int{}, ""},
		{"two axes, one waist's lengths downwards", "size,waist,inseam\n30/30,76-79,74-78\n30/32,76-79,78-82\n30/34,76-79,82-86\n32/30,79-84,74-78\n32/32,79-84,78-82\n32/34,79-84,82-86\n34/34,84-88,82-86\n34/32,84-88,78-82\n34/30,84-88,74-78", map[string]int{}, ""},
		{"two axes, the longest a little longer", "size,waist,inseam\n32 Regular,79-84,80-82\n32 Long,79-84,85-87\n34 Regular,84-89,80-82\n34 Long,84-89,85-87\n36 Regular,89-94,80-82\n36 Long,89-94,86-88", map[string]int{sizing.LintGap: 1, sizing.LintOverlap: 1}, ""},
		{"two axes, one waist's lengths swapped", "size,waist,inseam\n30/30,76-79,74-78\n30/32,76-79,78-82\n32/30,79-84,74-78\n32/32,79-84,78-82\n34/30,84-88,78-82\n34/32,84-88,74-78", nil, "34/32"},
		{"two axes, downwards", "size,waist,inseam\n34/34,84-88,82-86\n34/32,84-88,78-82\n32/34,79-84,82-86\n32/32,79-84,78-82\n30/34,76-79,82-86\n30/32,76-79,78-82", map[string]int{}, ""},
		{"bands and cups, two cups swapped", "size,underbust,bust\n70A,68-72,82-84\n70B,68-72,84-86\n70C,68-72,86-88\n70D,68-72,88-90\n75A,73-77,87-89\n75B,73-77,91-93\n75C,73-77,89-91\n75D,73-77,93-95\n80A,78-82,92-94\n80B,78-82,94-96\n80C,78-82,96-98\n80D,78-82,98-100", map[string]int{sizing.LintOrder: 1}, "75C"},
		{"numbers nobody reads", "size,chest,elbow\nS,86-94,20\nM,94-102,21\nL,102-110,22", map[string]int{sizing.LintUnknownColumn: 1}, "elbow"},
		{"shoes a row off", "EU,US,CM\n40,7,25.5\n40.5,7.5,26\n41,8,26.5\n42,8.5,27\n42.5,9,27.5\n43,9.5,28", nil, "foot_length"},
	} {
		t.Run(q.name, func(t *testing.T) {
			sex := sizing.Unspecified
			if strings.HasPrefix(q.name, "shoes") {
				sex, q.want = sizing.Male, map[string]int{sizing.LintShifted: 1}
			}
			c, err := sizing.ParseChart(strings.NewReader(q.text), &sizing.ChartOptions{Sex: sex})
			if err != nil {
				t.Fatal(err)
			}
			issues := c.Lint()
			if q.want == nil { // the named size, whatever else
				if codes(issues)[sizing.LintOrder] == 0 {
					t.Errorf("no order is doubted: %+v", issues)
				}
			} else if diff := cmp.Diff(q.want, codes(issues)); diff != "" {
				t.Errorf("%s%+v", diff, issues)
			}
			if q.where == "" {
				return
			}
			for _, i := range issues {
				if i.Size == q.where || i.Dimension == q.where {
					if i.Text == "" {
						t.Error("an issue without text")
					}
					return
				}
			}
			t.Errorf("nothing points at %s: %+v", q.where, issues)
		})
	}
}
