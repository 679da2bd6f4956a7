// The documents that rules come from, by short keys. docs/rules.md lists them with their addresses.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace imgport {

struct SourceDocument {
    std::string_view key;
    std::string_view title;
    std::string_view address;
};

const std::vector<SourceDocument> &source_documents();

// "INS: Instructions for importing images; CHK: Image compliance tool".
std::string cite(std::initializer_list<std::string_view> keys);

}  // namespace imgport
