package answer

// Remembered is how many masks the desk keeps for what long answers counted.
func (d *Desk) Remembered() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.long)
}
