// How the fields of partition tables and superblocks are written out as text.
#pragma once

#include <string>

#include "support/bytes.hpp"

namespace imgport {

// 16 bytes in the order they are stored: "0f3a...-....", lower case (RFC 9562, section 4).
std::string uuid_text(Bytes sixteen);

// 16 bytes as EFI stores a GUID: the first three fields little-endian (UEFI 2.10, appendix A). Upper case.
std::string guid_text(Bytes sixteen);

// Up to the first NUL, trailing blanks left out: a label.
std::string label_text(Bytes bytes);

}  // namespace imgport
