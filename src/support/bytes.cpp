#include "support/bytes.hpp"

namespace imgport {

bool all_zero(Bytes bytes)
{
    // Comparing the range with itself one byte on lets memcmp do the work at memory speed.
    if (bytes.empty())
        return true;
    return bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace imgport
