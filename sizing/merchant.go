package sizing

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// A MerchantSize holds the size attributes of a product in Google Merchant's
// specification: size, size_system, size_type (at most two), gender and age_group.
type MerchantSize struct {
	Size      string   `json:"size"`
	System    string   `json:"size_system,omitempty"`
	Types     []string `json:"size_type,omitempty"`
	Gender    string   `json:"gender,omitempty"`
	AgeGroup  string   `json:"age_group"`
	ItemGroup string   `json:"item_group_id,omitempty"` // the chart's id
}

// ErrSizeType means a size type Google Merchant does not know, or more than two.
var ErrSizeType = errors.New("sizing: merchant: size types are up to two of regular, petite, plus, tall, big and maternity")

// Merchant returns the attributes of a size. Types are the chart's size types, if
// any. Errors: ErrNoSize, ErrSizeType.
func (c *Chart) Merchant(label string, types ...string) (*MerchantSize, error) {
	if !slices.ContainsFunc(c.sizes, func(s size) bool { return s.label == label }) {
		return nil, fmt.Errorf("sizing: merchant: %w", ErrNoSize)
	}
	for _, t := range types {
		if !slices.Contains([]string{"regular", "petite", "plus", "tall", "big", "maternity"}, t) {
			return nil, ErrSizeType
		}
	}
	if len(types) > 2 {
		return nil, ErrSizeType
	}
	m := &MerchantSize{Size: label, Types: types, AgeGroup: "adult", ItemGroup: c.id}
	switch c.labelled {
	case "au", "br", "cn", "de", "eu", "fr", "it", "jp", "uk", "us":
		m.System = strings.ToUpper(c.labelled)
	case "mx":
		m.System = "MEX"
	}
	switch c.sex {
	case Female:
		m.Gender = "female"
	case Male:
		m.Gender = "male"
	default:
		m.Gender = "unisex"
	}
	if d := slices.IndexFunc(c.dims, func(d dimension) bool { return d.measure == mHeight }); d >= 0 {
		if mid := c.sizes[0].body[d].mid(); !math.IsNaN(mid) && mid < 135 {
			m.AgeGroup = "kids"
		}
	}
	return m, nil
}

// SizeOf is the size of an article number (SKU or GTIN) that the chart's file named.
func (c *Chart) SizeOf(item string) (label string, ok bool) {
	label, ok = c.items[item]
	return label, ok
}

// gtinValid checks the last digit of a GTIN of 8, 12, 13 or 14 digits (GS1 General
// Specifications §7.9). Other article numbers are valid as they are.
func gtinValid(id string) bool {
	switch len(id) {
	case 8, 12, 13, 14:
	default:
		return true
	}
	sum := 0
	for i := range len(id) {
		d := id[len(id)-1-i]
		if d < '0' || d > '9' {
			return true
		}
		weight := 1
		if i%2 == 1 {
			weight = 3
		}
		sum += weight * int(d-'0')
	}
	return sum%10 == 0
}
