package sizing_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fitveil/fitveil/sizing"
)

// TestImportLanguages reads the headers and words of shops of seven languages, and what programs do to them.
func TestImportLanguages(t *testing.T) {
	type B = sizing.Body
	for _, q := range []struct {
		name, text string
		dims       string
		body       B
		want       string
	}{
		{"de Brustumfang/Taillenumfang abbreviations", "Gr.;BU (cm);TU (cm);HU (cm)\n36;84;68;92\n38;88;72;96\n40;92;76;100\n", "chest waist hips", B{Chest: 88, Waist: 72, Hips: 96}, "38"},
		{"de abbreviations without units", "Gr.;BU;TU;HU\n36;84;68;92\n38;88;72;96\n40;92;76;100\n", "chest waist hips", B{Chest: 88, Waist: 72, Hips: 96}, "38"},
		{"de abbreviations beside a country", "DE;BU;TU;HU\n36;84;68;92\n38;88;72;96\n40;92;76;100\n", "chest waist hips", B{Chest: 88, Waist: 72, Hips: 96}, "38"},
		{"de abbreviations in rows", "Größe;36;38;40\nBU;84;88;92\nHU;92;96;100\n", "chest hips", B{Chest: 88, Hips: 96}, "38"},
		{"one abbreviation with a unit", "Größe;HU (cm)\n36;92\n38;96\n40;100\n", "hips", B{Hips: 96}, "38"},
		{"Hungary's sizes", "Size;EU;HU;Chest (cm)\nS;36;36;84-88\nM;38;38;88-92\nL;40;40;92-96\n", "chest", B{Chest: 90}, "M"},
		{"Hungary's sizes alone", "Size;HU;Chest (cm)\nS;36;84-88\nM;38;88-92\nL;40;92-96\n", "chest", B{Chest: 90}, "M"},
		{"Hungary's sizes between others", "Size;Chest (cm);Waist (cm);FR;HU;RO\nS;84-88;68-72;38;36;36\nM;88-92;72-76;40;38;38\nL;92-96;76-80;42;40;40\n", "chest waist", B{Chest: 90, Waist: 74}, "M"},
		{"Hungary's sizes in JSON", `{"sizes": [{"label": "S", "eu": "36", "hu": "36", "chest": [84, 88]}, {"label": "M", "eu": "38", "hu": "38", "chest": [88, 92]}]}`, "chest", B{Chest: 90}, "M"},
		{"de Konfektionsgröße 1252", codePage1252("Konfektionsgröße;Brustumfang;Taillenumfang;Gesäßumfang\n46;90–93;78–81;94–97\n48;94–97;82–85;98–101\n50;98–101;86–89;102–105\n"), "chest waist hips", B{Chest: 96, Waist: 84, Hips: 100}, "48"},
		{"de Schuhe Fußlänge in mm", "EU-Größe;Fußlänge in mm\n40;255\n41;262\n42;268\n", "foot_length", B{FootLength: 26.2}, "41"},
		{"de Rumpf", "Größe;Körperhöhe in cm;Brustumfang in cm;Taillenumfang in cm\n104;99–104;57–58;53–54\n110;105–110;59–60;54–55\n116;111–116;61–62;55–56\n", "height chest waist", B{Height: 108, Chest: 59.5, Waist: 54.5}, "110"},
		{"fr stature", "Taille;Stature (cm);Tour de poitrine (cm);Tour de taille (cm);Tour de hanches (cm)\nS;160-166;84-88;66-70;92-96\nM;166-172;88-92;70-74;96-100\n", "height chest waist hips", B{Height: 169, Chest: 90, Waist: 72, Hips: 98}, "M"},
		{"fr tour de cou", codePage1252("Taille;Encolure (cm);Longueur des manches (cm)\nS;37-38;64\nM;39-40;65\nL;41-42;66\n"), "neck sleeve", B{Neck: 39.5, Sleeve: 65}, "M"},
		{"fr ceinture & entrejambe", "Taille US;Tour de ceinture (cm);Longueur d'entrejambe (cm)\n30;76-79;82\n32;79-84;82\n34;84-89;82\n", "waist inseam", B{Waist: 81, Inseam: 82}, "32"},
		{"fr pointure", "Pointure;Longueur du pied (cm)\n38;24\n39;24,7\n40;25,3\n", "foot_length", B{FootLength: 24.7}, "39"},
		{"fr sous-poitrine", "Taille;Tour sous poitrine (cm);Tour de poitrine (cm)\n85B;68-72;83-85\n90B;73-77;88-90\n95B;78-82;93-95\n", "underbust chest", B{Underbust: 75, Chest: 89}, "90B"},
		{"es tallas", "TALLA;PECHO;CINTURA;CADERA\nXS (34);78-82;58-62;86-90\nS (36);82-86;62-66;90-94\nM (38);86-90;66-70;94-98\n", "chest waist hips", B{Chest: 84, Waist: 64, Hips: 92}, "S (36)"},
		{"es busto altura", "Talla;Altura (cm);Busto (cm);Contorno de cadera (cm)\nS;160-165;82-86;90-94\nM;165-170;86-90;94-98\n", "height bust hips", B{Height: 167, Bust: 88, Hips: 96}, "M"},
		{"es entrepierna tiro", "Talla;Contorno de cintura;Largo de entrepierna\n38;74-78;80\n40;78-82;80,5\n42;82-86;81\n", "waist inseam", B{Waist: 80, Inseam: 80.5}, "40"},
		{"es pie", "Número EU;Longitud del pie (cm)\n38;24,0\n39;24,7\n40;25,3\n", "foot_length", B{FootLength: 24.7}, "39"},
		{"it torace", "Taglia IT;Torace (cm);Vita (cm);Fianchi / Bacino (cm)\n46;90-94;78-82;94-98\n48;94-98;82-86;98-102\n50;98-102;86-90;102-106\n", "chest waist hips", B{Chest: 96, Waist: 84, Hips: 100}, "48"},
		{"it giro torace", "Taglia;Giro torace;Giro vita;Giro fianchi;Altezza\nS;86-94;74-82;90-98;168-174\nM;94-102;82-90;98-106;174-180\n", "chest waist hips height", B{Chest: 98, Waist: 86, Hips: 102, Height: 177}, "M"},
		{"it piede", "Numero;Lunghezza del piede (cm)\n41;26,0\n42;26,7\n43;27,3\n", "foot_length", B{FootLength: 26.7}, "42"},
		{"pl", "Rozmiar;Wzrost (cm);Obwód klatki piersiowej (cm);Obwód talii (cm);Obwód bioder (cm)\nS;164-170;86-90;70-74;92-96\nM;170-176;90-94;74-78;96-100\n", "height chest waist hips", B{Height: 173, Chest: 92, Waist: 76, Hips: 98}, "M"},
		{"pl short", "Rozmiar;Klatka;Pas;Biodra;Wzrost\nS;86-90;70-74;92-96;164-170\nM;90-94;74-78;96-100;170-176\n", "chest waist hips height", B{Height: 173, Chest: 92, Waist: 76, Hips: 98}, "M"},
		{"pl stopa", "Rozmiar EU;Długość stopy (cm)\n40;25,5\n41;26,2\n42;26,8\n", "foot_length", B{FootLength: 26.2}, "41"},
		{"pl długość wkładki", "Rozmiar;Długość wkładki (mm)\n40;255\n41;262\n42;268\n", "foot_length", B{FootLength: 26.2}, "41"},
		{"nl", "Maat;Lichaamslengte;Borstomtrek;Taille-omtrek;Heupomtrek\nS;164-170;86-90;70-74;92-96\nM;170-176;90-94;74-78;96-100\n", "height chest waist hips", B{Height: 173, Chest: 92, Waist: 76, Hips: 98}, "M"},
		{"nl bovenwijdte", "Maat;Bovenwijdte (cm);Taillewijdte (cm);Heupwijdte (cm)\n36;82-85;66-69;91-94\n38;86-89;70-73;95-98\n", "chest waist hips", B{Chest: 88, Waist: 72, Hips: 97}, "38"},
		{"nl tussen", "Maat;Borst\nS;tussen 86 en 90\nM;tussen 90 en 94\n", "chest", B{Chest: 92}, "M"},
		{"nl voet", "Schoenmaat;Voetlengte (mm)\n40;255\n41;262\n42;268\n", "foot_length", B{FootLength: 26.2}, "41"},
		{"en Your body", "UK Size,Bust (ins),Waist (ins),Hips (ins)\n8,32,25,35\n10,34,27,37\n12,36,29,39\n", "bust waist hips", B{Bust: 86.4, Waist: 68.6, Hips: 94}, "10"},
		{"en bust/waist in one header", "Size,Bust (cm/in),Waist (cm/in)\nS,84/33,66/26\nM,89/35,71/28\nL,94/37,76/30\n", "bust waist", B{Bust: 89, Waist: 71}, "M"},
		{"double labels en-us", "US/UK/EU,Bust (cm)\n4/8/36,84\n6/10/38,88\n8/12/40,92\n", "bust", B{Bust: 88}, "6/10/38"},
		{"XS-S label", "Size;Chest (cm)\nXS-S;78-90\nM-L;90-102\nXL-XXL;102-114\n", "chest", B{Chest: 98}, "M-L"},
		{"swapped columns", "Chest (cm),Size,Waist (cm)\n86-94,S,74-82\n94-102,M,82-90\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"unit row below", "Size,Chest,Waist\n,cm,cm\nS,86-94,74-82\nM,94-102,82-90\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"unit in parenthesis title", "Size chart (inches)\nSize,Chest,Waist\nS,34-36,28-30\nM,36-38,30-32\nL,38-40,32-34\n", "chest waist", B{Chest: 94, Waist: 79}, "M"},
		{"mm", "Size,Chest (mm)\nS,860-940\nM,940-1020\n", "chest", B{Chest: 98}, "M"},
		{"thousands mm with dot", "Größe;Brust (mm)\nS;860-940\nM;940-1.020\nL;1.020-1.100\n", "chest", B{Chest: 106}, "L"},
		{"html de entities", "<table><tr><th>Gr&ouml;&szlig;e</th><th>Brustumfang&nbsp;(cm)</th><th>H&uuml;ftumfang&nbsp;(cm)</th></tr><tr><td>36</td><td>82 &#8211; 85</td><td>91 &#8211; 94</td></tr><tr><td>38</td><td>86 &#8211; 89</td><td>95 &#8211; 98</td></tr></table>", "chest hips", B{Chest: 88, Hips: 96}, "38"},
		{"html data-th, td headers", "<div><table><tbody><tr><td><strong>Talla</strong></td><td><strong>Pecho</strong></td></tr><tr><td>S</td><td>82 - 86 cm</td></tr><tr><td>M</td><td>86 - 90 cm</td></tr></tbody></table></div>", "chest", B{Chest: 88}, "M"},
		{"html 1252 meta", codePage1252("<html><head><meta charset=windows-1252></head><table><tr><th>Größe<th>Hüftumfang<tr><td>36<td>91–94<tr><td>38<td>95–98</table></html>"), "hips", B{Hips: 97}, "38"},
		{"gloves", "Size,Hand circumference (cm)\n7,18-19\n8,20-21\n9,22-23\n", "hand_girth", B{HandGirth: 20.5}, "8"},
		{"gloves de", "Größe;Handumfang (cm)\n7;18-19\n8;20-21\n9;22-23\n", "hand_girth", B{HandGirth: 20.5}, "8"},
		{"hats it", "Taglia;Circonferenza testa (cm)\nS;55-56\nM;57-58\nL;59-60\n", "head_girth", B{HeadGirth: 57.5}, "M"},
		{"hats es", "Talla;Contorno de cabeza (cm)\nS;55-56\nM;57-58\nL;59-60\n", "head_girth", B{HeadGirth: 57.5}, "M"},
		{"hats pl", "Rozmiar;Obwód głowy\nS;55-56\nM;57-58\nL;59-60\n", "head_girth", B{HeadGirth: 57.5}, "M"},
		{"women's collar shirt", "Collar size (in),Chest (in),Sleeve length (in)\n15,38,33\n15.5,40,33.5\n16,42,34\n", "neck chest sleeve", B{Neck: 39.4, Chest: 101.6, Sleeve: 85.1}, "15.5"},
		{"semicolon with inch quotes", "Size;Chest\nS;34\"-36\"\nM;38\"-40\"\nL;42\"-44\"\n", "chest", B{Chest: 99}, "M"},
		{"smart inch", "Size\tChest\nS\t34”–36”\nM\t38”–40”\nL\t42”–44”\n", "chest", B{Chest: 99}, "M"},
		{"open ended labels plus", "Größe;Brust\nS;bis 94\nM;94-102\nL;ab 102\n", "chest", B{Chest: 108}, "L"},
		{"de kleiner/größer als", "Größe;Brust\nS;< 94\nM;94-102\nL;über 102\n", "chest", B{Chest: 108}, "L"},
		{"chart with SKU de", "Artikelnummer;Größe;Brust (cm)\nA-1;S;86-94\nA-2;M;94-102\n", "chest", B{Chest: 98}, "M"},
		{"ean column", "EAN;Taille;Poitrine (cm)\n4006381333931;S;86-94\n4006381333948;M;94-102\n", "chest", B{Chest: 98}, "M"},
		{"price column", "Size,Price,Chest (cm)\nS,19.99,86-94\nM,19.99,94-102\n", "chest", B{Chest: 98}, "M"},
		{"cr only", "Size,Chest (cm)\rS,86-94\rM,94-102\r", "chest", B{Chest: 98}, "M"},
		{"trailing spaces nbsp thin", "Size;Chest (cm)\nS;86\u2009–\u200994\nM;94\u2009–\u2009102\n", "chest", B{Chest: 98}, "M"},
		{"two spaces aligned text", "Size    Chest (cm)    Waist (cm)\nS       86-94         74-82\nM       94-102        82-90\n", "chest waist", B{Chest: 98, Waist: 86}, "M"},
		{"unicode minus 1/2", "Size,Chest (in)\nS,34½-36½\nM,37½-39½\n", "chest", B{Chest: 98}, "M"},
		{"en-dash in label col first + body height range by Größe only kids", "Größe;Brustumfang (cm)\n98/104;55-57\n110/116;58-61\n122/128;62-65\n", "chest", B{Chest: 60, Height: 113}, "110/116"},
		{"es pulgadas", "Talla;Cintura (pulgadas)\n28;28-29\n30;30-31\n32;32-33\n", "waist", B{Waist: 77.5}, "30"},
		{"it da-a", "Taglia;Petto\nS;da 82 a 86 cm\nM;da 86 a 90 cm\n", "chest", B{Chest: 88}, "M"},
		{"pl od-do powyżej", "Rozmiar;Klatka\nS;do 94\nM;94-102\nL;powyżej 102\n", "chest", B{Chest: 108}, "L"},
		{"fr plus de / moins", "Taille;Poitrine\nS;moins de 94\nM;94-102\nL;102 et plus\n", "chest", B{Chest: 108}, "L"},
		{"es más de / menos de", "Talla;Pecho\nS;menos de 94\nM;94-102\nL;más de 102\n", "chest", B{Chest: 108}, "L"},
		{"it più di / meno di", "Taglia;Petto\nS;meno di 94\nM;94-102\nL;più di 102\n", "chest", B{Chest: 108}, "L"},
		{"nl meer dan / minder dan", "Maat;Borst\nS;minder dan 94\nM;94-102\nL;meer dan 102\n", "chest", B{Chest: 108}, "L"},
		{"de mehr als / weniger als", "Größe;Brust\nS;weniger als 94\nM;94-102\nL;mehr als 102\n", "chest", B{Chest: 108}, "L"},
		{"pl in Windows-1250", codePage1250("Rozmiar;Obwód w biuście [cm];Obwód w pasie [cm];Obwód w biodrach [cm];Długość rękawa [cm]\nS/36;82-86;62-66;88-92;58\nM/38;86-90;66-70;92-96;59\n"), "bust waist hips sleeve", B{Bust: 88, Waist: 68, Hips: 94, Sleeve: 59}, "M/38"},
		{"pl w klatce", "Rozmiar;Obwód w klatce piersiowej;Obwód uda\nS;86-90;52\nM;90-94;54\n", "chest thigh", B{Chest: 92, Thigh: 54}, "M"},
		{"de Umf.", "Konf.-Gr.;Brustumf.;Taillenumf.;Hüftumf.\n36/38;84 bis 88;68 bis 72;92 bis 96\n40/42;88 bis 96;72 bis 80;96 bis 104\n", "chest waist hips", B{Chest: 94, Waist: 78, Hips: 102}, "40/42"},
		{"de ca.", "Größe;Brust ca. cm;Taille ca. cm\nS;ca. 88;ca. 76\nM;ca. 96;ca. 84\n", "chest waist", B{Chest: 96, Waist: 84}, "M"},
		{"fr blanks that do not break", codePage1252("Taille FR;Tour de poitrine\u00a0(cm)\n36\u00a0/\u00a038;82,5\u00a0–\u00a086,5\n40\u00a0/\u00a042;86,5\u00a0–\u00a094,5\n"), "chest", B{Chest: 92}, "40 / 42"},
		{"fr narrow blanks", "Taille;Poitrine\nS;82\u202fcm\u202f–\u202f86\u202fcm\nM;86\u202fcm\u202f–\u202f90\u202fcm\n", "chest", B{Chest: 88}, "M"},
		{"fr conseillé", "Taille;Poids conseillé\nS;50 - 60 kg\nM;60 - 70 kg\n", "weight_kg", B{Weight: 65}, "M"},
		{"it punto", "Taglia;Torace\nS;\"88 cm.\"\nM;\"94 cm.\"\n", "chest", B{Chest: 94}, "M"},
		{"en in. to in.", "Size,Chest\nS,34 in. - 36 in.\nM,36 in. - 38 in.\n", "chest", B{Chest: 94}, "M"},
		{"plus or minus", "Size,Chest (cm),Waist,Hips\nS,88±2,74 cm ± 2 cm,92 +/- 2\nM,92±2,78 cm ± 2 cm,96 +/- 2\n", "chest waist hips", B{Chest: 91, Waist: 77, Hips: 97}, "M"},
		{"bar of a fraction", "Size,Waist (in)\n2,26⅝\n4,27 5⁄8\n", "waist", B{Waist: 70.2}, "4"},
		{"systems in pl", "Rozmiar EU;Rozmiar UK;Długość wkładki [mm]\n36;3,5;230\n37;4;237\n", "foot_length", B{FootLength: 23.7}, "37"},
		{"pl mniej niż / więcej niż", "Rozmiar;Klatka\nS;mniej niż 94\nM;94-102\nL;więcej niż 102\n", "chest", B{Chest: 108}, "L"},
	} {
		t.Run(q.name, func(t *testing.T) {
			c := parse(t, q.text)
			got, want := c.Dimensions(), strings.Fields(q.dims)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("dimensions %q, want %q; guesses %+v", got, want, c.Guesses())
			}
			if got := exact(t, c, q.body); got != q.want {
				t.Errorf("size %q, want %q of %q; guesses %+v", got, q.want, c.Sizes(), c.Guesses())
			}
		})
	}
}

// codePage1252 writes a text as Western European Windows does.
func codePage1252(s string) string {
	var out strings.Builder
	for _, r := range s {
		if r == '–' {
			r = 0x96
		}
		out.WriteByte(byte(r))
	}
	return out.String()
}

// codePage1250 writes a text as Windows does in Poland.
func codePage1250(s string) string {
	letters := map[rune]byte{'ś': 0x9c, 'ł': 0xb3, 'ą': 0xb9, 'ż': 0xbf, 'ć': 0xe6, 'ę': 0xea}
	var out strings.Builder
	for _, r := range s {
		b, ok := letters[r]
		if !ok {
			b = byte(r)
		}
		out.WriteByte(b)
	}
	return out.String()
}
