package draw

import "math/bits"

// Stream is an endless row of random numbers, each a function of the stream and its index alone. It is SplitMix64
// (Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014), whose state moves by a
// constant: so it can be entered anywhere at the cost of one multiplication.
type Stream struct{ key, gamma uint64 }

const golden = 0x9e3779b97f4a7c15

// NewStream is the stream of a seed, split along path.
func NewStream(seed uint64, path ...uint64) Stream {
	s := Stream{key: mix(seed + golden)}
	s.gamma = oddGamma(s.key + golden)
	return s.Split(path...)
}

// Split is a stream of its own for each path; Split(a, b) is Split(a).Split(b).
func (s Stream) Split(path ...uint64) Stream {
	for _, p := range path {
		s.key = mix(s.key + s.gamma*mix(p+golden))
		s.gamma = oddGamma(s.key + golden)
	}
	return s
}

// Named is Split by a name.
func (s Stream) Named(name string) Stream {
	h := uint64(0xcbf29ce484222325) // FNV-1a
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 0x100000001b3
	}
	return s.Split(h)
}

// Uint64 is number i of the stream: 64 random bits.
func (s Stream) Uint64(i uint64) uint64 { return mix(s.key + (i+1)*s.gamma) }

// Uniform is number i between 0 and 1, never 0 and never 1.
func (s Stream) Uniform(i uint64) float64 { return unit(s.Uint64(i)) }

// Normal is number i as a standard normal, by inversion.
func (s Stream) Normal(i uint64) float64 { return NormalQuantile(s.Uniform(i)) }

// FillUniform is Uniform from number from on.
func (s Stream) FillUniform(dst []float64, from uint64) {
	at := s.key + from*s.gamma
	for j := range dst {
		at += s.gamma
		dst[j] = unit(mix(at))
	}
}

// FillNormal is Normal from number from on.
func (s Stream) FillNormal(dst []float64, from uint64) {
	s.FillUniform(dst, from)
	for j, u := range dst {
		dst[j] = NormalQuantile(u)
	}
}

// unit keeps 52 bits and stands in the middle of its cell: 2^-53 is the least, 1-2^-53 the most.
func unit(x uint64) float64 { return (float64(x>>12) + 0.5) * (1.0 / (1 << 52)) }

// mix is variant 13 of Stafford's mixers, as SplitMix64 uses it.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// oddGamma makes an increment whose bits change often enough.
func oddGamma(z uint64) uint64 {
	z = (z ^ z>>33) * 0xff51afd7ed558ccd
	z = (z ^ z>>33) * 0xc4ceb9fe1a85ec53
	z = (z ^ z>>33) | 1
	if bits.OnesCount64(z^z>>1) < 24 {
		z ^= 0xaaaaaaaaaaaaaaaa
	}
	return z
}
