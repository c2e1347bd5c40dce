package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"

	"github.com/mmcloughlin/avo/gotypes"
)

// params knows the parameter structs of package kernel from their source, so
// that offsets of fields are written down nowhere.
type params struct{ pkg *types.Package }

func readParams(path string) (params, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, 0)
	if err != nil {
		return params{}, err
	}
	conf := types.Config{Importer: importer.Default()}
	pkg, err := conf.Check("kernel", fset, []*ast.File{file}, nil)
	return params{pkg}, err
}

// signature is func(a *typ).
func (p params) signature(typ string) *gotypes.Signature {
	t := types.NewPointer(p.pkg.Scope().Lookup(typ).Type())
	a := types.NewParam(token.NoPos, p.pkg, "a", t)
	return gotypes.NewSignature(p.pkg, types.NewSignatureType(nil, nil, nil, types.NewTuple(a), nil, false))
}

// offsets are the places of fields by name: "Off", "Off.len", "Act.Kind".
func (p params) offsets(typ string) map[string]int {
	out := map[string]int{}
	p.walk(p.pkg.Scope().Lookup(typ).Type(), "", 0, out)
	return out
}

func (p params) walk(t types.Type, prefix string, at int, out map[string]int) {
	s := t.Underlying().(*types.Struct)
	var fields []*types.Var
	for field := range s.Fields() {
		fields = append(fields, field)
	}
	for i, offset := range types.SizesFor("gc", "amd64").Offsetsof(fields) {
		name, place := prefix+fields[i].Name(), at+int(offset)
		out[name] = place
		switch u := fields[i].Type().Underlying().(type) {
		case *types.Slice:
			out[name+".len"] = place + 8
		case *types.Struct:
			p.walk(u, name+".", place, out)
		}
	}
}
