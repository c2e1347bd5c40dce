package main

import (
	"errors"
	"fmt"

	"github.com/fitveil/fitveil/sizing"
)

type convertLine struct {
	Chart  string   `json:"chart"`
	Source string   `json:"source"`
	From   string   `json:"from"`
	To     string   `json:"to"`
	Values []string `json:"values"`
}

// convert translates a size label; -list shows what there is.
func convert(sh *shell, args []string) error {
	fs := sh.flags("convert")
	category := fs.String("category", "", "what is worn: shoes, dresses, suits, bras, rings, ... (-list shows all)")
	from := fs.String("from", "", "size system of the label")
	to := fs.String("to", "", "size system wanted")
	sex := fs.String("sex", "", "female or male, where a category has charts for both")
	chart := fs.String("chart", "", "id of the chart to use, or a file of a size chart of your own")
	list := fs.Bool("list", false, "list categories, charts and systems, and convert nothing")
	if err := parse(fs, args); err != nil {
		return err
	}
	if *list {
		for _, s := range sizing.Systems() {
			if err := sh.print(map[string]string{"category": s.Category, "chart": s.Chart, "system": s.Name, "source": s.Source}); err != nil {
				return err
			}
		}
		return nil
	}
	who, err := sizing.ParseSex(*sex)
	switch {
	case err != nil:
		return errors.New("-sex is not female or male")
	case *from == "" || *to == "" || fs.NArg() == 0:
		return errors.New("-from, -to and the size are needed")
	}
	for _, label := range fs.Args() {
		c, err := sizing.Convert(*category, *from, *to, label, &sizing.ConvertOptions{Sex: who, Chart: *chart})
		if err != nil && *chart != "" && *category == "" {
			own, openErr := sh.chart(*chart)
			if openErr != nil {
				return openErr
			}
			c, err = own.Convert(*from, *to, label)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errRefused, err)
		}
		if err := sh.print(convertLine{c.Chart, c.Source, *from, *to, c.Values}); err != nil {
			return err
		}
	}
	return nil
}
