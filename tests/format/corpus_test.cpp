// Foreign images from many projects, and what is known of them: a folder with a MANIFEST.tsv, named by IMGPORT_CORPUS.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "format/source.hpp"
#include "support/text.hpp"
#include "testing/tools.hpp"

using namespace imgport;

namespace {

struct Entry {
    std::string file;
    std::string compression;
    std::string true_format;
    std::string virtual_size;
    std::string expected;
};

// Where the manifest is judged wrong, or says something else than the contract of `probe` does.
struct Exception {
    std::string_view file;
    std::string_view format;        // ours; empty: as the manifest says
    std::string_view virtual_size;  // ours; empty: as the manifest says, "-": none
    std::string_view verdict;       // "refused" or "good"; empty: as the manifest says
    std::string_view reason;
};

constexpr Exception exceptions[]{
    {"etcher-sdk/zip-ppmd.zip", "raw", "5242880", "good",
     "the manifest asks for a clean refusal by those who lack PPMd; here it is read"},
    {"etcher-sdk/zip-directory-etcher-test-and-misc.zip", "raw", "5242880", "good",
     "exactly one of its members is a disk, and the contract names that disk's format"},
    {"etcher-sdk/invalid.dmg", "", "65536", "good",
     "no DMG by its content, so a raw disk with a misleading name: what the rule fmt-ext-mismatch is for"},
    {"qemu-iotests/empty.bochs.bz2", "unknown", "-", "refused",
     "a valid disk of Bochs; the contract has no word for it, and as a raw disk it would never boot"},
    {"qemu-iotests/simple-pattern.cloop.bz2", "unknown", "-", "refused", "the same with a compressed loop image"},
    {"govmomi/sunVHW-DiskTypes_invalidUTF.ovf", "", "", "refused",
     "its text is valid UTF-8; it is refused because it holds two machines"},
};

std::vector<Entry> read_manifest(const std::string &folder)
{
    std::ifstream in(folder + "/MANIFEST.tsv");
    std::vector<Entry> entries;
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
        auto const fields = split(line, '\t');
        if (fields.size() >= 6)
            entries.push_back({fields[0], fields[1], fields[2], fields[3], fields[5]});
    }
    return entries;
}

// The manifest's words in those of the contract.
std::string format_word(const std::string &true_format)
{
    static const std::map<std::string, std::string, std::less<>> words{
        {"iso9660", "iso"}, {"ovf", "ova"}, {"tar", "ova"}, {"zip", "archive"}, {"udf", "raw"}};
    std::string const first = split(true_format, ' ').front();
    auto const found = words.find(first);
    return found != words.end() ? found->second : first;
}

std::vector<std::string> layers_of(const Entry &entry)
{
    std::string text = entry.compression;
    text = text.substr(0, text.find_first_of(" ("));
    std::vector<std::string> layers;
    if (text == "none")
        return layers;
    for (auto const &word : split(text, '+'))
        layers.push_back(word == "gz" ? "gzip" : word == "bz2" ? "bzip2" : word);
    return layers;
}

bool must_be_refused(const Entry &entry)
{
    return entry.expected.find("malformed") != std::string::npos ||
           entry.expected.find("unsafe") != std::string::npos || entry.expected.find("hostile") != std::string::npos;
}

const Exception *exception_for(const Entry &entry)
{
    auto const found = std::find_if(std::begin(exceptions), std::end(exceptions),
                                    [&](const Exception &exception) { return exception.file == entry.file; });
    return found == std::end(exceptions) ? nullptr : found;
}

// What is wrong with our answer; empty: nothing.
std::vector<std::string> differences(const Entry &entry, const ImageFacts &facts)
{
    std::vector<std::string> wrong;
    auto const *const exception = exception_for(entry);
    std::string const format = exception != nullptr && !exception->format.empty() ? std::string(exception->format)
                                                                                  : format_word(entry.true_format);
    if (to_string(facts.format) != format)
        wrong.push_back(fmt::format("format {}, expected {}", to_string(facts.format), format));
    std::string const size = exception != nullptr && !exception->virtual_size.empty()
                                 ? std::string(exception->virtual_size)
                                 : entry.virtual_size;
    std::string const actual = facts.virtual_size ? std::to_string(*facts.virtual_size) : "-";
    bool const compared = size != "-" || (exception != nullptr && !exception->virtual_size.empty());
    if (compared && actual != size)
        wrong.push_back(fmt::format("virtual size {}, expected {}", actual, size));
    if (facts.wrapped_in != layers_of(entry))
        wrong.push_back(
            fmt::format("wrapped in {}, expected {}", join(facts.wrapped_in, "+"), join(layers_of(entry), "+")));
    std::string_view verdict = must_be_refused(entry) ? "refused" : entry.expected == "valid" ? "good" : "";
    if (exception != nullptr && !exception->verdict.empty())
        verdict = exception->verdict;
    if (verdict == "refused" && !facts.refused())
        wrong.push_back(fmt::format("not refused: {}", entry.expected));
    if (verdict == "good" && facts.refused())
        wrong.push_back(fmt::format("refused: {}", facts.error ? facts.error->message : facts.hazards.front().message));
    return wrong;
}

// The manifest judges a VMDK with its extents; whoever calls such a disk good allows them by name.
ImageFacts probe_with_extents(const std::string &path, AllowedFiles &allowed)
{
    auto facts = probe(path);
    if (!facts.details.vmdk || facts.details.vmdk->embedded_descriptor)
        return facts;
    for (auto const &extent : facts.details.vmdk->extents)
        allowed.extents.push_back(extent.file);
    return probe(path, {allowed});
}

// Wherever one of the two finds data, as far as 256 MiB of it; both must see zeroes in the other's holes.
void expect_same_bytes(Disk &ours, Disk &theirs, const std::string &file)
{
    ASSERT_EQ(ours.size(), theirs.size()) << file;
    constexpr std::uint64_t window = std::uint64_t{1} << 20;
    std::vector<std::byte> here(window);
    std::vector<std::byte> there(window);
    for (Disk *const disk : {&ours, &theirs}) {
        auto const extents = disk->extents(0, disk->size());
        ASSERT_TRUE(extents) << file << ": " << describe(extents.error());
        std::uint64_t left = 256;
        for (auto const &extent : *extents) {
            for (std::uint64_t at = 0; at < extent.length && extent.kind == ExtentKind::data && left > 0;
                 at += window) {
                auto const length = static_cast<std::size_t>(std::min(window, extent.length - at));
                auto const a = std::span(here).first(length);
                auto const b = std::span(there).first(length);
                auto const done = ours.read(extent.offset + at, a);
                ASSERT_TRUE(done) << file << ": " << describe(done.error());
                ASSERT_TRUE(theirs.read(extent.offset + at, b)) << file;
                ASSERT_TRUE(std::equal(a.begin(), a.end(), b.begin())) << file << ": at " << extent.offset + at;
                --left;
            }
        }
    }
}

}  // namespace

TEST(Corpus, EveryFileIsWhatItsManifestSays)
{
    const char *const folder = std::getenv("IMGPORT_CORPUS");
    if (folder == nullptr || *folder == '\0')
        GTEST_SKIP() << "IMGPORT_CORPUS names no folder with a MANIFEST.tsv";
    auto const entries = read_manifest(folder);
    ASSERT_FALSE(entries.empty()) << folder << "/MANIFEST.tsv holds nothing";
    std::size_t right = 0;
    double longest = 0;
    std::string slowest;
    for (auto const &entry : entries) {
        auto const start = std::chrono::steady_clock::now();
        AllowedFiles allowed;
        auto const facts = probe_with_extents(std::string(folder) + "/" + entry.file, allowed);
        double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        EXPECT_LT(seconds, 10) << entry.file;
        if (seconds > longest) {
            longest = seconds;
            slowest = entry.file;
        }
        auto const wrong = differences(entry, facts);
        EXPECT_TRUE(wrong.empty()) << entry.file << ": " << join(wrong, "; ");
        right += wrong.empty() ? 1 : 0;
        // Whatever stands in an image, the report is valid JSON.
        EXPECT_FALSE(probe_json({facts}).empty());
    }
    struct rusage usage {};
    getrusage(RUSAGE_SELF, &usage);
    fmt::print(
        "corpus: files {}, right {}, wrong {}, crashed 0, judged otherwise {}; slowest {:.2f} s ({}), peak memory "
        "{} MiB\n",
        entries.size(), right, entries.size() - right, std::size(exceptions), longest, slowest, usage.ru_maxrss / 1024);
    for (auto const &exception : exceptions)
        fmt::print("  judged otherwise: {}: {}\n", exception.file, exception.reason);
#ifndef __SANITIZE_ADDRESS__
    EXPECT_LT(usage.ru_maxrss / 1024, 256) << "MiB";
#endif
}

// Another implementation reads what our probe calls good, out of its wrappers: it must see a disk of the same size, and
// with the same bytes where we have a reader of our own.
TEST(Corpus, QemuSeesTheSameDisk)
{
    IMGPORT_NEEDS("qemu-img", "qemu-nbd");
    const char *const folder = std::getenv("IMGPORT_CORPUS");
    if (folder == nullptr || *folder == '\0')
        GTEST_SKIP() << "IMGPORT_CORPUS names no folder with a MANIFEST.tsv";
    std::size_t compared = 0;
    std::size_t native_readers = 0;
    for (auto const &entry : read_manifest(folder)) {
        std::string const path = std::string(folder) + "/" + entry.file;
        // Those unpack to half a gigabyte and more.
        if (entry.expected.find("resource-limit") != std::string::npos)
            continue;
        SourceOptions options;
        auto facts = probe_with_extents(path, options.allowed);
        if (facts.refused() || facts.format == Format::raw || facts.format == Format::iso ||
            facts.format == Format::archive || (facts.format == Format::ova && !facts.member))
            continue;
        auto const source = Source::open(path, facts, options, silent_progress());
        ASSERT_TRUE(source) << entry.file << ": " << describe(source.error());
        auto const disk = open_qemu_disk(*source, "");
        // Its DMG driver is a package of its own, and does without some compressions.
        if (!disk && facts.format == Format::dmg)
            continue;
        ASSERT_TRUE(disk) << entry.file << ": " << describe(disk.error());
        EXPECT_EQ((*disk)->size(), facts.virtual_size.value_or((*disk)->size())) << entry.file;
        auto const native = open_native_disk(*source);
        if (native) {
            expect_same_bytes(**native, **disk, entry.file);
            ++native_readers;
        } else {
            EXPECT_EQ(native.error().code, ErrorCode::unsupported) << entry.file << ": " << describe(native.error());
        }
        ++compared;
    }
    EXPECT_GT(compared, 30U);
    EXPECT_GT(native_readers, 20U);
    fmt::print("corpus: {} images opened by QEMU, {} of them by our own readers, too\n", compared, native_readers);
}
