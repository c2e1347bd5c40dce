package sizing_test

import (
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
)

// TestImportShops reads tables as shops have them: merged headers, one value in two units,
// fractions, words in seven languages, what spreadsheets and old programs write.
func TestImportShops(t *testing.T) {
	type B = sizing.Body
	merged := string(sheet(t, []string{"Sizes"}, [][]any{
		{"Women's tops", nil, nil, nil, nil},
		{"Size", "Bust (cm)", nil, "Waist (cm)", nil},
		{nil, "from", "to", "from", "to"},
		{"S", 82, 90, 66, 74},
		{"M", 90, 98, 74, 82},
		{"L", 98.5, 107, 82.5, 91},
	}))
	bare := string(sheet(t, []string{"Sizes"}, [][]any{
		{"Size", "Bust (cm)", nil, "Waist (cm)"}, {"S", 82, 90, "66-74"}, {"M", 90, 98, "74-82"}, {"L", 98, 107, "82-91"},
	}))
	spanned := string(sheet(t, []string{"Sizes"}, [][]any{
		{"Size", "EU", "Bust (cm)", nil, "Waist (cm)", nil},
		{"S", 34, 82, 86, 66, 70},
		{nil, 36, 86, 90, 70, 74},
		{"M", 38, 90, 98, 74, 82},
		{merges{"C1:D1", "E1:F1", "A2:A3"}},
	}))
	for _, q := range []struct {
		name, text string
		dims       string
		body       B
		want       string
	}{
		{"quoted cells, bom, crlf, semicolon, german", "\ufeff\"Größe\";\"Brustumfang in cm\";\"Taillenumfang in cm\";\"Hüftumfang in cm\"\r\n\"34\";\"78 - 81\";\"62 - 65\";\"86 - 90\"\r\n\"36\";\"82 - 85\";\"66 - 69\";\"91 - 94\"\r\n\"38\";\"86 - 89\";\"70 - 73\";\"95 - 98\"\r\n", "chest waist hips", B{Chest: 84, Waist: 68, Hips: 92}, "36"},
		{"german international + EU columns", "Internationale Größe;Deutsche Größe;Brustumfang;Taille;Hüfte\nXS;32/34;78-81;62-65;86-90\nS;36/38;82-89;66-73;91-98\nM;40/42;90-97;74-81;99-104\n", "chest waist hips", B{Chest: 92, Waist: 78, Hips: 100}, "M"},
		{"inch marks with fractions", "Size,Bust,Waist,Hips\n0,\"31 3/4\"\"\",\"24 5/8\"\"\",\"34 3/4\"\"\"\n2,\"33\"\"\",\"25 3/8\"\"\",\"35 3/4\"\"\"\n4,\"34 1/8\"\"\",\"26 1/8\"\"\",\"36 3/4\"\"\"\n", "bust waist hips", B{Bust: 83.8, Waist: 64.5, Hips: 90.8}, "2"},
		{"inches with hyphen fractions", "Size,Chest (inches)\nS,34-1/2 - 36-1/2\nM,37-1/2 - 39-1/2\nL,40-1/2 - 42-1/2\n", "chest", B{Chest: 98}, "M"},
		{"inch ranges fraction", "Size\tChest (in)\tWaist (in)\nS\t34 1/2 – 36\t28½–30\nM\t36 1/2 – 38\t30½–32\nL\t38 1/2 – 40\t32½–34\n", "chest waist", B{Chest: 95, Waist: 79}, "M"},
		{"cm and inch columns", "Size,Chest (cm),Chest (in),Waist (cm),Waist (in)\nS,86-94,34-37,74-82,29-32\nM,94-102,37-40,82-90,32-35\nL,102-110,40-43,90-98,35-39\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"cm / inch in one cell", "Size,Chest,Waist\nS,\"86-94 cm / 34-37 in\",\"74-82 cm / 29-32 in\"\nM,\"94-102 cm / 37-40 in\",\"82-90 cm / 32-35 in\"\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"cm (in) in one cell", "Size,Chest cm (in),Waist cm (in)\nS,86-94 (34-37),74-82 (29-32)\nM,94-102 (37-40),82-90 (32-35)\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"cm in parens with inch marks", "Size,Chest\nS,\"34-37\"\" (86-94 cm)\"\nM,\"37-40\"\" (94-102 cm)\"\n", "chest", B{Chest: 98}, "M"},
		{"french full phrase", "Taille;Tour de poitrine (en cm);Tour de taille (en cm);Tour de bassin (en cm)\n36;\"82,5 à 86\";\"63,5 à 67\";\"88,5 à 92\"\n38;\"86,5 à 90\";\"67,5 à 71\";\"92,5 à 96\"\n", "chest waist hips", B{Chest: 88, Waist: 69, Hips: 94}, "38"},
		{"french entre", "Taille;Tour de poitrine\nS;entre 82 et 86 cm\nM;entre 86 et 90 cm\n", "chest", B{Chest: 88}, "M"},
		{"german zwischen/von bis", "Größe;Brust\nS;von 82 bis 86 cm\nM;86 bis 90 cm\n", "chest", B{Chest: 88}, "M"},
		{"spanish de a", "Talla;Contorno de pecho (cm);Contorno de cintura (cm);Contorno de cadera (cm)\nS;de 82 a 86;62 a 66;88 a 92\nM;de 86 a 90;66 a 70;92 a 96\n", "chest waist hips", B{Chest: 88, Waist: 68, Hips: 94}, "M"},
		{"italian circonferenza", "Taglia;Circonferenza petto;Circonferenza vita;Circonferenza fianchi\n40;82-85;64-67;88-91\n42;86-89;68-71;92-95\n", "chest waist hips", B{Chest: 88, Waist: 70, Hips: 94}, "42"},
		{"polish od do", "Rozmiar;Obwód biustu (cm);Obwód talii (cm);Obwód bioder (cm)\n36;od 82 do 85;64 do 67;90 do 93\n38;od 86 do 89;68 do 71;94 do 97\n", "bust waist hips", B{Bust: 88, Waist: 70, Hips: 95}, "38"},
		{"dutch", "Maat;Borstwijdte (cm);Tailleomvang (cm);Heupomvang (cm)\n36;82 t/m 85;66 t/m 69;91 t/m 94\n38;86 t/m 89;70 t/m 73;95 t/m 98\n", "chest waist hips", B{Chest: 88, Waist: 72, Hips: 97}, "38"},
		{"english between, and, up", "Size,To fit chest\nS,86cm to 92cm\nM,92cm to 98cm\nL,98cm +\n", "chest", B{Chest: 104}, "L"},
		{"to fit chest inches header", "Size,To Fit Chest (Inches),To Fit Chest (Cms)\nS,36,91\nM,38,97\nL,40,102\n", "chest", B{Chest: 97}, "M"},
		{"units upper case", "SIZE,CHEST (CM),WAIST (CM)\nS,86–94,74–82\nM,94–102,82–90\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"trailing percent notes row", "Size,Chest (cm)\nS,86-94\nM,94-102\n* measured around the fullest part,\n", "chest", B{Chest: 98}, "M"},
		{"thousands of blank columns", "Size,Chest (cm),,,\nS,86-94,,,\n,,,,\nM,94-102,,,\n", "chest", B{Chest: 98}, "M"},
		{"two header rows merged", ",Chest,,Waist,\nSize,min,max,min,max\nS,86,94,74,82\nM,94,102,82,90\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"two header rows with unit group", ",cm,cm,inch,inch\nSize,Chest,Waist,Chest,Waist\nS,86-94,74-82,34-37,29-32\nM,94-102,82-90,37-40,32-35\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"html rowspan colspan", `<table><thead><tr><th rowspan="2">Size</th><th colspan="2">Chest (cm)</th><th colspan="2">Waist (cm)</th></tr><tr><th>from</th><th>to</th><th>from</th><th>to</th></tr></thead><tbody><tr><td>S</td><td>86</td><td>94</td><td>74</td><td>82</td></tr><tr><td>M</td><td>94</td><td>102</td><td>82</td><td>90</td></tr></tbody></table>`, "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"html two units colspan", `<table><tr><th rowspan=2>Size<th colspan=2>Chest<th colspan=2>Waist<tr><th>cm<th>in<th>cm<th>in<tr><td>S<td>86-94<td>34-37<td>74-82<td>29-32<tr><td>M<td>94-102<td>37-40<td>82-90<td>32-35</table>`, "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"html transposed with th", `<table><tr><th></th><th>XS</th><th>S</th><th>M</th></tr><tr><th>Brustumfang</th><td>78–81</td><td>82–89</td><td>90–97</td></tr><tr><th>Taille</th><td>62–65</td><td>66–73</td><td>74–81</td></tr><tr><th>Hüfte</th><td>86–90</td><td>91–98</td><td>99–104</td></tr></table>`, "chest waist hips", B{Chest: 92, Waist: 78, Hips: 100}, "M"},
		{"transposed w/o corner + units in label", "Chest (in),34-36,37-39,40-42\nSize,S,M,L\nWaist (in),28-30,31-33,34-36\n", "chest waist", B{Chest: 97, Waist: 81}, "M"},
		{"html merged label rowspan", `<table><tr><th>Size<th>EU<th>Bust (cm)<tr><td rowspan=2>S<td>36<td>82-86<tr><td>38<td>86-90<tr><td rowspan=2>M<td>40<td>90-94<tr><td>42<td>94-98</table>`, "bust", B{Bust: 96}, "M"},
		{"nested table layout", `<table><tr><td>Nav</td><td><table id=x><tr><th>Size</th><th>Chest (cm)</th></tr><tr><td>S</td><td>86-94</td></tr><tr><td>M</td><td>94-102</td></tr></table></td></tr></table>`, "chest", B{Chest: 98}, "M"},
		{"html sup/sub/br and nbsp", `<table><tr><th>Size<sup>1</sup></th><th>Chest<br>(cm)</th></tr><tr><td><b>S</b></td><td>86&nbsp;&ndash;&nbsp;94</td></tr><tr><td><b>M</b></td><td>94&#8211;102</td></tr></table>`, "chest", B{Chest: 98}, "M"},
		{"div table? plain text pipes", "Size|Chest (cm)|Waist (cm)\nS|86-94|74-82\nM|94-102|82-90\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"markdown table", "| Size | Chest (cm) | Waist (cm) |\n|------|-----------|------------|\n| S | 86-94 | 74-82 |\n| M | 94-102 | 82-90 |\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"shoes de", "EU;UK;US;Fußlänge (cm)\n40;6,5;7,5;25,3\n41;7,5;8,5;26,0\n42;8;9;26,7\n", "foot_length", B{FootLength: 26}, "41"},
		{"shoes mm", "EU,Foot length (mm)\n40,253\n41,260\n42,267\n", "foot_length", B{FootLength: 26}, "41"},
		{"shoes inches fractions", "US,EU,Foot Length (in)\n7,40,9 5/8\n8,41,9 15/16\n9,42,10 1/4\n", "foot_length", B{FootLength: 26}, "42"},
		{"kids age label", "Alter;Größe;Körpergröße (cm);Brust (cm)\n3-4 Jahre;104;99-104;57\n4-5 Jahre;110;105-110;59\n5-6 Jahre;116;111-116;61\n", "height chest", B{Height: 108, Chest: 59}, "110"},
		{"utf-16 csv", utf16le("Size;Chest (cm)\nS;86-94\nM;94-102\n"), "chest", B{Chest: 98}, "M"},
		{"sep= line excel", "sep=;\nSize;Chest (cm)\nS;86-94\nM;94-102\n", "chest", B{Chest: 98}, "M"},
		{"decimal comma in comma csv quoted", "Size,Chest (cm)\nS,\"86,5-94,0\"\nM,\"94,5-102,0\"\n", "chest", B{Chest: 98}, "M"},
		{"approx signs", "Size,Chest\nS,ca. 90 cm\nM,ca. 98 cm\nL,~106 cm\n", "chest", B{Chest: 98}, "M"},
		{"waist x length label", "Size,Waist (in),Inseam (in)\n30/32,30,32\n32/32,32,32\n32/34,32,34\n34/32,34,32\n34/34,34,34\n", "waist inseam", B{Waist: 81.3, Inseam: 86.4}, "32/34"},
		{"women's numeric multi labels", "Size US;UK;EU;FR;IT;DE;Bust (cm);Waist (cm);Hip (cm)\n4;8;36;36;40;34;84;66;92\n6;10;38;38;42;36;88;70;96\n8;12;40;40;44;38;92;74;100\n", "bust waist hips", B{Bust: 88, Waist: 70, Hips: 96}, "38"},
		{"spaces around, lower header, plural", "size , chest size (cm) , waist size (cm)\n s , 86 - 94 , 74 - 82 \n m , 94 - 102 , 82 - 90 \n", "chest waist", B{Chest: 98, Waist: 86}, "m"},
		{"description headers A/B", "Size,A. Chest (cm),B. Waist (cm),C. Hips (cm)\nS,86-94,74-82,90-98\nM,94-102,82-90,98-106\n", "chest waist hips", B{Chest: 98, Waist: 86, Hips: 100}, "M"},
		{"body height german ambiguous Größe", "Größe;Körpergröße;Brustumfang\nS;164-170;86-94\nM;170-176;94-102\nL;176-182;102-110\n", "height chest", B{Height: 173, Chest: 98}, "M"},
		{"greater-than row", "Size,Chest (cm)\nS,<94\nM,94-102\nL,>102\n", "chest", B{Chest: 108}, "L"},
		{"weight kg and lbs", "Size,Height (cm),Weight (kg),Weight (lbs)\nS,150-160,45-55,99-121\nM,160-170,55-65,121-143\nL,170-180,65-75,143-165\n", "height weight_kg", B{Height: 165, Weight: 60}, "M"},
		{"feet inches height", "Size,Height\nS,5'2\" - 5'5\"\nM,5'5\" - 5'8\"\nL,5'8\" - 5'11\"\n", "height", B{Height: 169}, "M"},
		{"XLSX, a header over two columns and two rows", merged, "bust waist", B{Bust: 94, Waist: 78}, "M"},
		{"XLSX, a merged header and nothing below", bare, "bust waist", B{Bust: 94, Waist: 78}, "M"},
		{"CSV, a merged header and nothing below", "Size,Chest (cm),,Waist (cm),\nS,86,94,74,82\nM,94,102,82,90\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"values with slashes in two units", "Size,Chest (cm/in)\nS,91/36\nM,97/38\nL,102/40\n", "chest", B{Chest: 97}, "M"},
		{"a title with a comma above semicolons", "Größentabelle, Damen\nGröße;Brust\n36;82,5-86\n38;86,5-90\n", "chest", B{Chest: 88}, "38"},
		{"a drawing's letters and two words", "Size,A. Chest/Bust,B. Hip & Seat\nS,86-94,90-98\nM,94-102,98-106\n", "chest hips", B{Chest: 98, Hips: 100}, "M"},
		{"heights in feet", "Size,Chest (cm),Height (ft)\nM,94-102,5'7\"-5'10\"\nL,102-110,5'10\"-6'1\"\n", "chest height", B{Chest: 105, Height: 180}, "L"},
		{"French hats", "Taille;Tour de tête;US\nS;54-55;6 3/4\nM;56-57;7\nL;58-59;7 1/4\n", "head_girth", B{HeadGirth: 56.4}, "M"},
		{"Polish trousers", "Rozmiar;Obwód pasa;Długość nogawki wewnętrzna\nS;68-72;80\nM;72-76;81\n", "waist inseam", B{Waist: 74, Inseam: 81}, "M"},
		{"jeans in inches, nothing said", "Size,Waist,Length\n28/30,28,30\n28/32,28,32\n30/30,30,30\n30/32,30,32\n", "waist inseam", B{Waist: 76.2, Inseam: 81.3}, "30/32"},
		{"jeans as W and L", "Jeans,W,L\n28-30,28,30\n28-32,28,32\n30-30,30,30\n30-32,30,32\n", "waist inseam", B{Waist: 76.2, Inseam: 81.3}, "30-32"},
		{"a title, a unit and a blank corner above sizes in columns", "Men's T-Shirts,,,\nAll measurements in inches,,,\n,,,\n,S,M,L\nChest,34-36,38-40,42-44\nWaist,28-30,32-34,36-38\n", "chest waist", B{Chest: 99, Waist: 84}, "M"},
		{"bands by cups", `<table><tr><th rowspan=2>Unterbrustweite<th colspan=3>Brustumfang (cm)<tr><th>A<th>B<th>C<tr><td>68-72 (70)<td>82-84<td>84-86<td>86-88<tr><td>73-77 (75)<td>87-89<td>89-91<td>91-93</table>`, "underbust bust", B{Underbust: 75, Bust: 90}, "75B"},
		{"bands by cups, CSV", "Band;Underbust (cm);A;B;C\n70;68-72;82-84;84-86;86-88\n75;73-77;87-89;89-91;\n", "underbust bust", B{Underbust: 70, Bust: 87}, "70C"},
		{"bands by cups in inches", "Underbust (in),Cup A,Cup B\n28-30,31-32,32-33\n30-32,33-34,34-35\n", "underbust bust", B{Underbust: 78, Bust: 87.5}, "32B"},
		{"bra sizes a row each", bras(2, 5), "underbust bust", B{Underbust: 76, Bust: 92}, "75C"},
		{"men and women below one another", "Size,Chest (cm),Waist (cm)\nMEN,,\nS,86-94,74-82\nM,94-102,82-90\nWOMEN,,\nS,82-90,66-74\nM,90-98,74-82\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"XLSX, merged cells", spanned, "bust waist", B{Bust: 94, Waist: 78}, "M"},
		{"html, notes and fractions raised", `<table><tr><th rowspan=2>Size<th colspan=2>Bust<sup>1</sup><th>Waist (in)<sup>2)</sup><tr><th>cm<th>in<th>from<tr><td>S<td>82&ndash;86<td>32<sup>1/4</sup>-33<sup>3</sup>&frasl;<sub>4</sub><td>25<sup>1/2</sup><tr><td>M<sup>*</sup><td>86-90<td>33 3/4-35 1/2<td>27</table>`, "bust waist", B{Bust: 88, Waist: 70}, "M"},
		{"html, a size in each piece of JSON-LD", `<html><script type="application/ld+json">{"@type":"SizeSpecification","name":"S","suggestedMeasurement":{"name":"Waist","minValue":70,"maxValue":76,"unitCode":"CMT"}}</script><script type="application/ld+json">{"@type":"SizeSpecification","name":"M","suggestedMeasurement":{"name":"Waist","minValue":76,"maxValue":82,"unitCode":"CMT"}}</script></html>`, "waist", B{Waist: 79}, "M"},
		{"html, notes behind numbers", `<table><tr><th>Size<th>Chest<sup>(a)</sup><th>Waist <sup>in</sup><tr><td>S<td>86-94<sup>1</sup><td>26<sup>1</sup>/<sub>2</sub><tr><td>M<td>94-102<sup>2)</sup><td>28<sup>½</sup></table>`, "chest waist", B{Chest: 98, Waist: 72.4}, "M"},
		{"html, letters that grow in lower case", "<table><tr><th>Size<th>Chest<tr><td title=\"a>b " + strings.Repeat("Ⱥ", 50) + "\" rowspan=2>S<td>86-94<tr><td>87-94<tr><td data-colspan=2>M<td>94-102</table><SCRIPT>" + strings.Repeat("Ⱥ", 50) + "</SCRIPT>", "chest", B{Chest: 98}, "M"},
		{"accents behind their letters", "Gro\u0308ße;Hu\u0308fte\nS;86-94\nM;94-102\n", "hips", B{Hips: 98}, "M"},
		{"fr po, es pulg.", "Taille;Poitrine (po);Hanches\nS;34-36;36 pulg. - 38 pulg.\nM;36-38;38 po - 40 po\n", "chest hips", B{Chest: 94, Hips: 99}, "M"},
		{"arrows", "Size,Chest (cm)\nS,86 → 94\nM,94→102\n", "chest", B{Chest: 98}, "M"},
		{"fr months", "Taille;Âge;Stature (cm)\n3M;3 mois;57-62\n6M;6 mois;62-68\n", "height", B{Height: 65}, "6M"},
		{"men and women in a column", "Gender,Size,Chest (cm)\nMen,S,86-94\nMen,M,94-102\nWomen,S,82-90\nWomen,M,90-98\n", "chest", B{Chest: 96}, "M"},
		{"men and women in cells over several rows", "Gender,Size,Chest (cm)\nMen,S,86-94\n,M,94-102\nWomen,S,82-90\n,M,90-98\n", "chest", B{Chest: 96}, "M"},
		{"a list of objects", `[{"Size": "S", "Chest (cm)": "86-94", "Waist (cm)": [74, 82]}, {"Waist (cm)": {"min": 82, "max": 90}, "Size": "M", "Chest (cm)": "94-102"}]`, "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"cells with notes", "Size,Chest (cm)\nS,86-94*\nM,94-102**\nL,102-110¹\nDate: May 2026,\n", "chest", B{Chest: 104}, "L"},
		{"parted headers", "\"Größe\n(DE)\";\"Brust-\numfang\n(cm)\";\"Taillen-\numfang\n(cm)\";Hüft\u00adumfang\n36;82-85;66-69;90-93\n38;86-89;70-73;94-97\n", "chest waist hips", B{Chest: 87, Waist: 71, Hips: 95}, "38"},
		{"one word or the other", "Taille;Poitrine ou buste (cm);Taille ou ceinture (cm)\n36;82-85;62-65\n38;86-89;66-69\n", "chest waist", B{Chest: 88, Waist: 68}, "38"},
		{"or more", "Size,Chest (cm)\nS,under 94\nM,94-102\nL,102 or more\n", "chest", B{Chest: 110}, "L"},
	} {
		t.Run(q.name, func(t *testing.T) {
			c, err := sizing.ParseChart(strings.NewReader(q.text), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(c.Dimensions(), " "); got != q.dims {
				t.Errorf("dimensions %q, want %q; guesses %+v", got, q.dims, c.Guesses())
			}
			if got := exact(t, c, q.body); got != q.want {
				t.Errorf("size %q, want %q of %q; guesses %+v", got, q.want, c.Sizes(), c.Guesses())
			}
		})
	}
}

func utf16le(s string) string {
	var out strings.Builder
	out.WriteString("\xff\xfe")
	for _, r := range s {
		out.WriteString(string([]byte{byte(r), byte(r >> 8)}))
	}
	return out.String()
}

// A page costs what its length does, whatever tags it is full of.
func TestPageOfStyles(t *testing.T) {
	const styles = 69000
	page := strings.Repeat("<STYLE></style>", styles) + "<table width=3 id=x><tr><th>Size<th>Chest<tr><td>S<td>86-94<tr><td>M<td>94-102</table>"
	c, err := sizing.ParseChart(strings.NewReader(page), &sizing.ChartOptions{Variant: "x"})
	if err != nil || len(c.Sizes()) != 2 {
		t.Errorf("%v", err)
	}
}
