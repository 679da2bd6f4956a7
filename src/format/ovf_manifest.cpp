#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "format/ovf.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

struct Algorithm {
    std::string_view spelling;
    const char *openssl;
    std::size_t digits;
};

// govmomi and others write SHA2-256 for what the specification calls SHA256.
constexpr std::array<Algorithm, 7> algorithms{{{"SHA1", "SHA1", 40},
                                               {"SHA256", "SHA256", 64},
                                               {"SHA2-256", "SHA256", 64},
                                               {"SHA384", "SHA384", 96},
                                               {"SHA2-384", "SHA384", 96},
                                               {"SHA512", "SHA512", 128},
                                               {"SHA2-512", "SHA512", 128}}};

bool is_hex(std::string_view text)
{
    return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

}  // namespace

Result<std::vector<ManifestSum>> read_ovf_manifest(std::string_view text)
{
    constexpr std::size_t most_lines = 10000;
    std::vector<ManifestSum> sums;
    std::size_t number = 0;
    for (auto const raw : lines_of(text)) {
        ++number;
        auto const line = trim(raw);
        if (line.empty())
            continue;
        auto const bad = [&](std::string_view why) {
            return malformed(fmt::format("line {} of the manifest: {}", number, why), {}, "OVF manifest");
        };
        // The name may hold parentheses: the outermost ones count.
        auto const open = line.find('(');
        auto const close = line.rfind(')');
        auto const equals = line.rfind('=');
        if (open == std::string_view::npos || close == std::string_view::npos || equals == std::string_view::npos ||
            close < open || equals < close)
            return fail(bad("'ALGORITHM(file)= sum' was expected"));
        std::string const word = to_upper(trim(line.substr(0, open)));
        auto const algorithm = std::find_if(algorithms.begin(), algorithms.end(),
                                            [&](const Algorithm &entry) { return entry.spelling == word; });
        if (algorithm == algorithms.end())
            return fail(bad(fmt::format("the algorithm {} is not known", printable(word, 40))));
        auto const hex = trim(line.substr(equals + 1));
        if (hex.size() != algorithm->digits || !is_hex(hex))
            return fail(bad(fmt::format("the sum is not {} hex digits", algorithm->digits)));
        if (sums.size() == most_lines)
            return fail(bad("too many lines"));
        sums.push_back({algorithm->openssl, std::string(line.substr(open + 1, close - open - 1)), to_lower(hex)});
    }
    return sums;
}

}  // namespace imgport
