package compare

import "math"

// Stability says whether a probabilistic analysis has draws enough for the choice at one willingness to pay.
type Stability struct {
	WTP    float64 `json:"wtp"`
	Draws  int     `json:"draws"`
	Best   string  `json:"best"`
	Next   string  `json:"next,omitempty"` // the strategy that comes closest
	Gain   float64 `json:"gain"`           // mean net monetary benefit of Best beyond Next
	Error  float64 `json:"standard_error"` // of Gain, as draws are drawn
	Stable bool    `json:"stable"`         // Gain is more than 1.96 standard errors, and Best the same in every step of the last half
	Needed int     `json:"draws_needed"`   // draws for which Gain would be 1.96 standard errors, if it is as it seems
	Steps  []Step  `json:"steps"`
}

// Step is what the first draws alone would have said.
type Step struct {
	Draws int     `json:"draws"`
	Best  string  `json:"best"`
	Gain  float64 `json:"gain"` // of Best over Next, as at the end
	Error float64 `json:"standard_error"`
	CEAF  float64 `json:"ceaf"`
	EVPI  float64 `json:"evpi"`
}

// Stability looks at the first tenth of the draws, two tenths, and so on.
func (o Outcomes) Stability(wtp float64) (Stability, error) {
	curves, err := o.Curves([]float64{wtp})
	if err != nil {
		return Stability{}, err
	}
	best, next := curves.Best[0], -1
	for s := range o.Strategies {
		if s != best && (next < 0 || curves.Loss[s][0] < curves.Loss[next][0]) {
			next = s
		}
	}
	out := Stability{WTP: wtp, Draws: o.Draws(), Best: o.Strategies[best], Stable: true, Needed: 1}
	if next < 0 {
		return out, nil
	}
	out.Next = o.Strategies[next]
	gain := make([]float64, o.Draws())
	for d := range gain {
		gain[d] = wtp*(o.Effect[best][d]-o.Effect[next][d]) - (o.Cost[best][d] - o.Cost[next][d])
	}
	out.Gain, out.Error = mean(gain), standardError(gain)
	if out.Error > 0 {
		out.Needed = needed(out.Draws, 1.96*out.Error/out.Gain)
		out.Stable = out.Draws >= out.Needed
	}
	const steps = 10
	for i := 1; i <= steps; i++ {
		n := out.Draws * i / steps
		if n < 2 {
			continue
		}
		c, err := o.Prefix(n).Curves([]float64{wtp})
		if err != nil {
			return Stability{}, err
		}
		step := Step{Draws: n, Best: o.Strategies[c.Best[0]], Gain: mean(gain[:n]), Error: standardError(gain[:n]), CEAF: c.CEAF[0], EVPI: c.EVPI[0]}
		out.Stable = out.Stable && (i <= steps/2 || step.Best == out.Best)
		out.Steps = append(out.Steps, step)
	}
	return out, nil
}

// needed is how many draws make a ratio of error to gain 1, given that it is so with n.
func needed(n int, ratio float64) int {
	want := float64(n) * ratio * ratio
	if !(want < math.MaxInt32) {
		return math.MaxInt32
	}
	return max(int(math.Ceil(want)), 2)
}
