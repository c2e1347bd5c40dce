package infer

import (
	"fmt"

	"github.com/fitveil/fitveil/detect/infer/internal/ir"
)

// declared is a graph input or output as the file declares it.
type declared struct {
	message
	name   string
	dtype  ir.Dtype
	dims   []dim
	shaped bool // a shape is given, possibly of rank 0
}

// dim is a dimension: a size, or the name of one that is known later.
type dim struct {
	size  int64
	param string
}

// readDeclared reads a ValueInfoProto and appends it.
func readDeclared(list *[]declared, g message, f field, name string) error {
	if len(*list) == maxDeclared {
		return g.unsupported(f.off, "more than %d times %s", maxDeclared, name)
	}
	m, err := g.item(f, name, len(*list))
	if err != nil {
		return err
	}
	d := declared{message: m}
	typed := false
	err = m.each(func(f field) (err error) {
		switch f.number {
		case 1:
			d.name, err = m.text(f, "name")
		case 2:
			if typed {
				return m.broken(f.off, "second type")
			}
			typed = true
			return d.readType(f)
		}
		return err
	})
	if err != nil {
		return err
	}
	if d.name == "" {
		return m.broken(m.off, "no name")
	}
	for _, other := range *list {
		if other.name == d.name {
			return m.broken(m.off, "%s %q twice", name, d.name)
		}
	}
	*list = append(*list, d)
	return nil
}

// readType reads a TypeProto, which must be that of a dense tensor.
func (d *declared) readType(f field) error {
	m, err := d.sub(f, "type")
	if err != nil {
		return err
	}
	return m.each(func(f field) error {
		switch f.number {
		case 1:
			return d.readTensorType(m, f)
		case 4, 5, 7, 8, 9:
			what := map[int]string{4: "sequence", 5: "map", 7: "opaque", 8: "sparse tensor", 9: "optional"}[f.number]
			return m.unsupported(f.off, "%q is of type %s", d.name, what)
		}
		return nil
	})
}

func (d *declared) readTensorType(m message, f field) error {
	t, err := m.sub(f, "tensor_type")
	if err != nil {
		return err
	}
	return t.each(func(f field) error {
		switch f.number {
		case 1:
			v, err := t.varint(f, "elem_type")
			d.dtype = ir.Dtype(v)
			return err
		case 2:
			if d.shaped {
				return t.broken(f.off, "second shape")
			}
			d.shaped = true
			s, err := t.sub(f, "shape")
			if err != nil {
				return err
			}
			return s.each(func(f field) error {
				if f.number != 1 {
					return nil
				}
				if len(d.dims) == ir.MaxRank {
					return s.unsupported(f.off, "more than %d dimensions", ir.MaxRank)
				}
				return d.readDim(s, f)
			})
		}
		return nil
	})
}

func (d *declared) readDim(s message, f field) error {
	m, err := s.item(f, "dim", len(d.dims))
	if err != nil {
		return err
	}
	var v dim
	err = m.each(func(f field) (err error) {
		switch f.number {
		case 1:
			v.size, err = m.varint(f, "dim_value")
			v.param = ""
		case 2:
			v.param, err = m.text(f, "dim_param")
			v.size = 0
		}
		return err
	})
	d.dims = append(d.dims, v)
	return err
}

// resolve makes the shape of an input definite. A dimension the file leaves
// open is looked up by its dim_param, or by "input[axis]" where it has none.
func (d *declared) resolve(sizes map[string]int) ([]int, error) {
	if !d.shaped {
		return nil, d.unsupported(d.off, "input %q has no shape", d.name)
	}
	shape := make([]int, len(d.dims))
	for i, v := range d.dims {
		if v.size > 0 {
			if shape[i] = int(v.size); int64(shape[i]) != v.size {
				return nil, d.broken(d.off, "input %q has dimension %d", d.name, v.size)
			}
			continue
		}
		key := v.param
		if key == "" {
			key = fmt.Sprintf("%s[%d]", d.name, i)
		}
		size, ok := sizes[key]
		switch {
		case !ok:
			return nil, d.unsupported(d.off, "input %q leaves dimension %d open: set Options.Dims[%q]", d.name, i, key)
		case size < 1:
			return nil, d.unsupported(d.off, "Options.Dims[%q] is %d", key, size)
		}
		shape[i] = size
	}
	return shape, nil
}
