// ISA-L's state of one compression, at an address that its output does not depend on.
#pragma once

#include <cstddef>

#include <isa-l.h>

namespace imgport {

// ISA-L 2.30's assembler for levels 1 and 2 (isal_deflate_icf_body_hash_hist_01, _02, _04) makes a mistake in the first
// bytes of a stream: where it should hash the data at position 2, it hashes bits 16 to 47 of the address of its own
// state, and overwrites that bucket of the hash table. Which match is lost by that, if any, depends on where the state
// lies: with addresses as the kernel gives them, three conversions of a hundred had other bytes than the rest. So the
// state is put where the hash of its address is always the same bucket.
class IsalStream {
public:
    IsalStream();
    IsalStream(const IsalStream &) = delete;
    IsalStream &operator=(const IsalStream &) = delete;
    ~IsalStream();

    // nullptr where there is no address space for it. Zeroes at first.
    isal_zstream *get() { return m_stream; }

private:
    isal_zstream *m_stream = nullptr;
};

}  // namespace imgport
