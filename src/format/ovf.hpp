// The descriptor of an OVF package (DMTF DSP0243 2.1.1): which disks there are, and which of them boots.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "format/container.hpp"
#include "support/bytes.hpp"

namespace imgport {

// A descriptor that is longer is refused; the longest seen are some 100 KiB.
inline constexpr std::size_t longest_ovf = std::size_t{4} << 20;

// Whether it begins like an OVF envelope.
bool is_ovf(Bytes head);

// Fills in details.ovf and the hazards `missing-parent` (a delta disk), `unsafe-member` (a file outside of the package)
// and `several-systems` (more than one virtual machine). Malformed: what is not XML, has a document type declaration
// (nothing is expanded or fetched), or breaks the schema where we read it; the message names element, attribute, line.
Result<void> read_ovf(std::string_view text, ImageFacts &facts);

// One line of the manifest (section 5.1 there): "SHA256(disk.vmdk)= 01ab...".
struct ManifestSum {
    std::string algorithm;  // as OpenSSL spells it: SHA1, SHA256, SHA384, SHA512
    std::string file;
    std::string hex;  // lower case
};

// Malformed where a line is none; empty lines are skipped.
Result<std::vector<ManifestSum>> read_ovf_manifest(std::string_view text);

}  // namespace imgport
