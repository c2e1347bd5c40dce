package sizing_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
)

// TestAppendJSON: the two explicit ways out are well-formed and have the shapes
// the command line documents.
func TestAppendJSON(t *testing.T) {
	c, err := sizing.ParseChart(strings.NewReader("size,chest\n\"S \"\"small\"\" <é>\",86-94\nM,94-102"), &sizing.ChartOptions{ID: "a\"b"})
	if err != nil {
		t.Fatal(err)
	}
	b := &sizing.Body{Sex: sizing.Male, Height: 178, Weight: 70, Age: 30, Chest: 94}
	var size struct {
		Chart      string
		Size       string
		Confidence *float64
		Between    []string
		Sizes      []struct {
			Label string
			P     *float64
			Areas []struct {
				Name, Fit string
				EaseCm    *float64 `json:"ease_cm"`
			}
		}
		None     *float64
		Warnings []sizing.Warning
	}
	if err := json.Unmarshal(recommend(t, c, b, nil).AppendJSON([]byte(" ")), &size); err != nil {
		t.Fatal(err)
	}
	if size.Chart != `a"b` || len(size.Sizes) != 2 || size.Sizes[0].Label != `S "small" <é>` || size.Sizes[0].P == nil || size.Confidence == nil ||
		size.None == nil || size.Warnings == nil || size.Sizes[1].Areas[0].EaseCm == nil || size.Sizes[1].Areas[0].Name != "chest" || size.Between == nil {
		t.Errorf("got %+v", size)
	}
	var est struct {
		Measurements map[string]struct {
			Mean   float64 `json:"mean_cm"`
			SD     float64 `json:"sd_cm"`
			Lo, Hi *float64
			Lo95   float64 `json:"lo95_cm"`
			Hi95   float64 `json:"hi95_cm"`
			Source string
		}
		Warnings []sizing.Warning
	}
	if err := json.Unmarshal(estimate(t, b).AppendJSON(nil), &est); err != nil {
		t.Fatal(err)
	}
	if m := est.Measurements["chest"]; m.Mean != 94 || m.Source != "given" || m.SD != 1.97 || m.Lo95 >= 94 || m.Hi95 <= 94 {
		t.Errorf("chest %+v", m)
	}
	if m := est.Measurements["waist"]; m.Mean < 70 || m.Source != "estimated" || len(est.Measurements) != len(sizing.Measurements()) || est.Warnings == nil {
		t.Errorf("waist %+v of %d", m, len(est.Measurements))
	}
}
