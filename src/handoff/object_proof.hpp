// Whether an object is what was meant to be there, by what its store tells of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cloud/object_store.hpp"

namespace imgport {

// What is known of the bytes that should be there.
struct ExpectedObject {
    std::uint64_t size = 0;
    std::uint64_t crc64 = 0;
    std::string etag = {};  // as S3 makes it of the parts'; empty: not known
    bool oss = false;       // whose ETags of whole objects are no checksum
};

enum class ObjectMatch {
    same,       // by checksum
    different,  // in size, or by checksum
    untold,     // of the same size, and no checksum can be compared
};

ObjectMatch compare_object(const ObjectInfo &there, const ExpectedObject &wanted);

// The ETag that S3 gives an object of parts with these ETags, where they are MD5s: "HEX-N". Else empty.
std::string etag_of_parts(const std::vector<std::string> &etags);

}  // namespace imgport
