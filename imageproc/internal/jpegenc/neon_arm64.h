// Instructions on vectors by the numbers of their registers, so that macros can name
// them and what the assembler has no name for can be used: d is the destination.
// Vectors are four numbers of 32 bits unless said otherwise.

#define THREE(op, d, n, m) WORD $((op) | (m)<<16 | (n)<<5 | (d))
#define LANE(op, d, n, m, i) THREE((op) | ((i)&1)<<21 | ((i)>>1)<<11, d, n, m)

#define ADD4(d, n, m) THREE(0x4EA08400, d, n, m)
#define SUB4(d, n, m) THREE(0x6EA08400, d, n, m)
#define MUL4(d, n, m, i) LANE(0x4F808000, d, n, m, i) // d = n·m[i]
#define MLA4(d, n, m, i) LANE(0x6F800000, d, n, m, i) // d += n·m[i]
#define MLS4(d, n, m, i) LANE(0x6F804000, d, n, m, i) // d −= n·m[i]
#define COPY(d, n) THREE(0x4EA01C00, d, n, n)
#define SHL4(d, n, bits) THREE(0x4F005400, d, n, 32+(bits))
#define SSHR4(d, n, bits) THREE(0x4F000400, d, n, 64-(bits)) // with the sign

// Numbers at even places of n and m, and at odd ones, in turn: of 32 and 64 bits.
#define TRN1(d, n, m) THREE(0x4E802800, d, n, m)
#define TRN2(d, n, m) THREE(0x4E806800, d, n, m)
#define TRN1D(d, n, m) THREE(0x4EC02800, d, n, m)
#define TRN2D(d, n, m) THREE(0x4EC06800, d, n, m)

// The lower four words of n, and the upper ones, with their sign.
#define WIDE(d, n) THREE(0x0F10A400, d, n, 0)
#define WIDE2(d, n) THREE(0x4F10A400, d, n, 0)

// Words of numbers, to the lower half of d or the upper: what does not fit becomes the
// nearest that does. Then bytes of words, which are cut off.
#define WORDS(d, n) THREE(0x0E614800, d, n, 0)
#define WORDS2(d, n) THREE(0x4E614800, d, n, 0)
#define CUT(d, n) THREE(0x0E212800, d, n, 0)

#define ABS4(d, n) THREE(0x4EA0B800, d, n, 0)
#define TIMES4(d, n, m) THREE(0x4EA09C00, d, n, m)
#define USHR4(d, n, bits) THREE(0x6F000400, d, n, 64-(bits))
#define AND(d, n, m) THREE(0x4E201C00, d, n, m)
#define EOR(d, n, m) THREE(0x6E201C00, d, n, m)
#define TESTW(d, n, m) THREE(0x4E608C00, d, n, m) // words of ones where n has bits of m
#define PAIRSB(d, n, m) THREE(0x4E20BC00, d, n, m) // sums of two bytes, of n and then of m

// TRANSPOSE swaps the axes of four by four numbers.
#define TRANSPOSE(a, b, c, d) \
	TRN1(16, a, b)   \
	TRN2(17, a, b)   \
	TRN1(18, c, d)   \
	TRN2(19, c, d)   \
	TRN1D(a, 16, 18) \
	TRN1D(b, 17, 19) \
	TRN2D(c, 16, 18) \
	TRN2D(d, 17, 19)
