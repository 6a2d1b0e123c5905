// Package bgzf reads and writes the compressed files of genomics: BGZF, with plain gzip and plain text on the reading
// side, and the tabix index of a BGZF file.
//
// BGZF (SAM specification, section 4.1) is a series of gzip members of at most 64 KiB each. A member carries its own
// compressed size in an extra field "BC", so that blocks can be found without inflating and inflated side by side. A
// file ends with an empty block, which is what makes a file cut at a block boundary recognisable.
//
// Nouns:
//   - block: one gzip member of a BGZF file. Errors number blocks from 1 and give the block's first byte, from 0.
//   - chunk: many inflated blocks in one buffer, about 1 MiB, handed out without copying.
//   - virtual offset: address of a block << 16 | place within its inflated bytes. A Mark is the same with the number of
//     the block in the address's place; it is what a Writer can tell before the block is compressed.
//
// Rules:
//   - Every block's CRC and size are checked before a byte of it is delivered.
//   - A BGZF file without its end-of-file block is refused as cut off, unless Options.AllowNoEOF. Empty blocks in the
//     middle (concatenated files) are in order.
//   - A file of 0 bytes is an empty text. A text cut off can't be told from a whole one, nor a gzip file that was cut
//     exactly between two members: the formats have no end mark.
//   - Memory is bounded whatever the input: no block inflates to more than 64 KiB, and no more than a few chunks per
//     worker are ahead of the consumer.
//
// Inflate and deflate are our own, for whole blocks in memory. Inflate is checked against the standard library's on all
// that is tested, and by fuzzing. Packing a single genome's VCF, and 2,000 people's genotypes, by level, as times smaller
// and MB per CPU second on an AMD EPYC (Zen 3), beside bgzip 1.16 with libdeflate. A guide only: the runs were not
// interleaved, and ours took the first 50 to 100 MB of the 200 and 300 that bgzip took, on a busier machine:
//
//	level  genome       bgzip        people       bgzip
//	1      4.33  160    4.41  246    40.0  850    46.0  563
//	3      4.65  160    4.61  117    45.3  840    50.3  274
//	6      5.04  120    5.34   48    52.7  610    59.8  110
//	7      5.11  104    5.58   21    55.1  520    62.9   49
//	9      5.43   39    5.79    5    62.1   70    70.7    7
//
// It never looks at the text inside, never seeks, and never delivers a byte after the first error.
package bgzf
