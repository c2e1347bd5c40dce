// What the kernels for arm64 share. Registers are named by their numbers here,
// so that one macro serves pixel after pixel: v, d, n and m are vectors of four
// floats, i is a lane of m, r, s and t are R0 to R26.
//
// The assembler has no names for most arithmetic on vectors of floats; the words
// are those of the Arm Architecture Reference Manual (DDI 0487), section C7.2.

#define THREE(op, d, n, m) WORD $(op | (m)<<16 | (n)<<5 | (d))
#define LANE(op, d, n, m, i) THREE((op | ((i)&1)<<21 | ((i)>>1)<<11), d, n, m)

#define FADD(d, n, m) THREE(0x4E20D400, d, n, m)
#define FSUB(d, n, m) THREE(0x4EA0D400, d, n, m)
#define FMUL(d, n, m) THREE(0x6E20DC00, d, n, m)
#define FDIV(d, n, m) THREE(0x6E20FC00, d, n, m)
#define FMLA(d, n, m) THREE(0x4E20CC00, d, n, m)         // d += n·m
#define FMLS(d, n, m) THREE(0x4EA0CC00, d, n, m)         // d −= n·m
#define FMAX(d, n, m) THREE(0x4E20F400, d, n, m)         // NaN where one is
#define FMIN(d, n, m) THREE(0x4EA0F400, d, n, m)
#define FMAXNM(d, n, m) THREE(0x4E20C400, d, n, m)       // NaN where both are
#define FMLAI(d, n, m, i) LANE(0x4F801000, d, n, m, i)   // d += n·m[i]
#define FMLSI(d, n, m, i) LANE(0x4F805000, d, n, m, i)
#define FMULI(d, n, m, i) LANE(0x4F809000, d, n, m, i)   // d = n·m[i]
#define FRINTN(d, n) THREE(0x4E218800, d, n, 0)          // to the nearest integer
#define FCVTNS(d, n) THREE(0x4E21A800, d, n, 0)          // the same, as an int32
#define FCVTL(d, n) THREE(0x0E217800, d, n, 0)           // the lower four binary16 of n as floats
#define FCVTL2(d, n) THREE(0x4E217800, d, n, 0)          // the upper four
#define FNEG(d, n) THREE(0x6EA0F800, d, n, 0)
#define COPY(d, n) THREE(0x4EA01C00, d, n, n)

#define ADDR(r, s, t) THREE(0x8B000000, r, s, t)         // r = s + t
#define LOAD4(v, r) THREE(0x4CDF2800, v, r, 0)           // v to v+3 from r, which moves on
#define LOAD2(v, r) THREE(0x4CDFA800, v, r, 0)           // v and v+1
#define LOAD1(v, r) THREE(0x3CC10400, v, r, 0)           // v
#define LOADS(v, r) THREE(0xBD400000, v, r, 0)           // one float to lane 0
#define LOADQ(v, r, i) THREE(0x3DC00000 | (i)<<10, v, r, 0)  // v from r and 16·i bytes on
#define STOREQ(v, r, i) THREE(0x3D800000 | (i)<<10, v, r, 0) // and to there
#define STORE4(v, r) THREE(0x4C9F2800, v, r, 0)

// EACHn does something for pixels 0 to n−1; i is passed on.
#define EACH1(DO, i) DO(0, i)
#define EACH2(DO, i) EACH1(DO, i); DO(1, i)
#define EACH3(DO, i) EACH2(DO, i); DO(2, i)
#define EACH4(DO, i) EACH3(DO, i); DO(3, i)
#define EACH5(DO, i) EACH4(DO, i); DO(4, i)
#define EACH6(DO, i) EACH5(DO, i); DO(5, i)

// The 16 channels of pixel t are in V(4t) to V(4t+3), its address is in R(8+t),
// the distance of two pixels in R4.
#define POINT(t, i) ADDR(9+(t), 8+(t), 4)
#define ADD4(t, i) LOAD4(24, 14); FADD(4*(t), 4*(t), 24); FADD(4*(t)+1, 4*(t)+1, 25); FADD(4*(t)+2, 4*(t)+2, 26); FADD(4*(t)+3, 4*(t)+3, 27)
#define COPY4(t, i) COPY(4*(t), 28); COPY(4*(t)+1, 29); COPY(4*(t)+2, 30); COPY(4*(t)+3, 31)
#define PUT4(t, i) STORE4(4*(t), 2)

// ACTIVATE applies the Act at offset act of the arguments in R0. It needs V24,
// V25 and R14, and names for two labels.
#define SLOPE1(v) FMUL(25, v, 24); FMAXNM(v, v, 25)
#define SLOPE4(t, i) SLOPE1(4*(t)); SLOPE1(4*(t)+1); SLOPE1(4*(t)+2); SLOPE1(4*(t)+3)
#define CLIP1(v) FMAX(v, v, 24); FMIN(v, v, 25)
#define CLIP4(t, i) CLIP1(4*(t)); CLIP1(4*(t)+1); CLIP1(4*(t)+2); CLIP1(4*(t)+3)
#define ACTIVATE(EACH, act, clip, done) \
	MOVD	(act+Act_Kind)(R0), R14 \
	CMP	$1, R14 \
	BLT	done \
	BGT	clip \
	ADD	$(act+Act_Slope), R0, R14 \
	VLD1R	(R14), [V24.S4] \
	EACH(SLOPE4, 0) \
	JMP	done \
clip: \
	ADD	$(act+Act_Low), R0, R14 \
	VLD1R	(R14), [V24.S4] \
	ADD	$(act+Act_High), R0, R14 \
	VLD1R	(R14), [V25.S4] \
	EACH(CLIP4, 0) \
done:
