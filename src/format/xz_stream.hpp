// xz by liblzma, with a bound on memory: the header of a hostile file asks for a dictionary of 4 GiB.
#pragma once

#include <memory>

#include "format/byte_stream.hpp"

namespace imgport {

// The unpacked bytes of all streams in the file. The base must outlive it.
Result<std::unique_ptr<ByteStream>> open_xz(ByteStream &base);

}  // namespace imgport
