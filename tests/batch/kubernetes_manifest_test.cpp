// The manifest of an Indexed Job, as a cluster would read it.
#include "batch/kubernetes_manifest.hpp"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <imgport/batch.hpp>

#include "batch/kubernetes_limits.hpp"
#include "support/text.hpp"

using namespace imgport;
using ::testing::HasSubstr;

namespace {

JobManifest small()
{
    return {.folder = "/srv/batch",
            .image = "imgport:1",
            .volumes = {{{"out", "/srv/batch"}, true}, {{"disks", "/srv/disks"}, false}},
            .places = {0, 1, 2},
            .user = 1000,
            .group = 100};
}

YAML::Node job_of(const JobManifest &manifest)
{
    auto const written = write_manifest(manifest);
    EXPECT_TRUE(written) << (written ? "" : describe(written.error()));
    return YAML::Load(written ? written->text : "");
}

YAML::Node container_of(const YAML::Node &job)
{
    return job["spec"]["template"]["spec"]["containers"][0];
}

std::vector<std::string> command_of(const JobManifest &manifest)
{
    return container_of(job_of(manifest))["command"].as<std::vector<std::string>>();
}

std::string complaint(const JobManifest &manifest)
{
    auto const written = write_manifest(manifest);
    if (written)
        return "none";
    EXPECT_EQ(written.error().code, ErrorCode::usage);
    return describe(written.error());
}

// As the kubelet expands an argument where only this variable is known.
std::string expanded(const std::string &text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string const rest = text.substr(i);
        std::string const known = "$(JOB_COMPLETION_INDEX)";
        if (rest.starts_with("$$")) {
            out += '$';
            ++i;
        } else if (rest.starts_with(known)) {
            out += "7";
            i += known.size() - 1;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

TEST(KubernetesManifest, QuotedTextIsReadBackAsItWas)
{
    for (std::string const text : {"",
                                   "plain",
                                   "- no list",
                                   "# no comment",
                                   "null",
                                   "yes",
                                   "0x1f",
                                   "a: b",
                                   "{x}",
                                   "say \"hi\"",
                                   "back\\slash",
                                   "it's",
                                   "tab\there",
                                   "line\nend",
                                   "\x1b[0m",
                                   "\x7f",
                                   "\xc2\x85",
                                   "\xc2\x9f",
                                   "\xc2\xa0",
                                   "\xe2\x80\xa8",
                                   "\xef\xbb\xbf",
                                   "\xef\xbf\xbe",
                                   "Übergröße",
                                   "磁盘",
                                   "\xf0\x9f\x92\xbe",
                                   " blanks ",
                                   "%TAG",
                                   "&a *a !t |"}) {
        std::string const quoted = yaml_quoted(text);
        EXPECT_EQ(YAML::Load("a: " + quoted + "\n")["a"].as<std::string>(), text) << quoted;
        // Nothing that a reader may refuse or fold stands there as it is.
        for (char const c : quoted)
            EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << quoted;
        EXPECT_EQ(quoted.find("\xc2\x85"), std::string::npos);
        EXPECT_EQ(quoted.find("\xe2\x80\xa8"), std::string::npos);
    }
}

TEST(KubernetesManifest, AnArgumentIsExpandedToWhatItWas)
{
    for (std::string const text :
         {"/plain", "/a$b", "/a$$b", "/$(JOB_COMPLETION_INDEX)", "/$$(JOB_COMPLETION_INDEX)", "/x$", "/$(HOME)", "$("})
        EXPECT_EQ(expanded(kubernetes_argument(text)), text);
}

TEST(KubernetesManifest, TheCommandIsTheIndexsWork)
{
    EXPECT_EQ(join(command_of(small()), " "),
              "imgport batch work --output /srv/batch --index $(JOB_COMPLETION_INDEX) --threads 2 --temp-dir /tmp");
    auto more = small();
    more.folder = "/srv/out $(JOB_COMPLETION_INDEX) 'x' \"y\"";
    more.threads = 5;
    more.timeout = std::chrono::seconds(7200);
    more.places = {1, 2, 3, 7};
    auto words = command_of(more);
    for (auto &word : words)
        word = expanded(word);
    EXPECT_THAT(words,
                ::testing::ElementsAre("imgport", "batch", "work", "--output", more.folder, "--index", "7", "--among",
                                       "1-3,7", "--threads", "5", "--temp-dir", "/tmp", "--timeout-per-image", "7200"));
    // An index is the place in the list where the first ones of it are left.
    more.places = {0, 1};
    words = command_of(more);
    EXPECT_EQ(std::find(words.begin(), words.end(), "--among"), words.end());
}

TEST(KubernetesManifest, PodsAreAsManyAsWanted)
{
    auto manifest = small();
    EXPECT_EQ(job_of(manifest)["spec"]["completions"].as<int>(), 3);
    EXPECT_EQ(job_of(manifest)["spec"]["parallelism"].as<int>(), 3);
    manifest.places.resize(50);
    std::iota(manifest.places.begin(), manifest.places.end(), 0);
    EXPECT_EQ(job_of(manifest)["spec"]["completions"].as<int>(), 50);
    EXPECT_EQ(job_of(manifest)["spec"]["parallelism"].as<int>(), 4);
    manifest.parallelism = 20;
    EXPECT_EQ(job_of(manifest)["spec"]["parallelism"].as<int>(), 20);
    manifest.parallelism = 200;
    EXPECT_EQ(job_of(manifest)["spec"]["parallelism"].as<int>(), 50);
}

TEST(KubernetesManifest, WhatIsOnlyReadIsMountedSo)
{
    auto const job = job_of(small());
    auto const mounts = container_of(job)["volumeMounts"];
    auto const volumes = job["spec"]["template"]["spec"]["volumes"];
    ASSERT_EQ(mounts.size(), 3U);
    ASSERT_EQ(volumes.size(), 3U);
    EXPECT_FALSE(mounts[1]["readOnly"]);
    EXPECT_TRUE(mounts[2]["readOnly"].as<bool>());
    EXPECT_FALSE(volumes[1]["persistentVolumeClaim"]["readOnly"]);
    EXPECT_TRUE(volumes[2]["persistentVolumeClaim"]["readOnly"].as<bool>());
    EXPECT_EQ(volumes[2]["persistentVolumeClaim"]["claimName"].as<std::string>(), "disks");
    EXPECT_EQ(mounts[2]["mountPath"].as<std::string>(), "/srv/disks");
    EXPECT_EQ(mounts[2]["name"].as<std::string>(), volumes[2]["name"].as<std::string>());
    EXPECT_EQ(job["spec"]["template"]["spec"]["securityContext"]["runAsUser"].as<int>(), 1000);
    EXPECT_EQ(job["spec"]["template"]["spec"]["securityContext"]["runAsGroup"].as<int>(), 100);
}

TEST(KubernetesManifest, TemporarySpaceIsForWhatIsPacked)
{
    auto manifest = small();
    auto const limit = [&] {
        return job_of(manifest)["spec"]["template"]["spec"]["volumes"][0]["emptyDir"]["sizeLimit"].as<std::string>();
    };
    EXPECT_EQ(limit(), "2Gi");
    manifest.packed = std::uint64_t{10} << 30;
    EXPECT_EQ(limit(), "42Gi");
    EXPECT_EQ(container_of(job_of(manifest))["resources"]["requests"]["ephemeral-storage"].as<std::string>(), "21Gi");
}

TEST(KubernetesManifest, KeysAreNeverWrittenAndTheirPlaceIsShown)
{
    auto manifest = small();
    EXPECT_THAT(write_manifest(manifest)->text, ::testing::Not(HasSubstr("envFrom")));
    manifest.uploads = true;
    auto const text = write_manifest(manifest)->text;
    EXPECT_THAT(text, HasSubstr("# envFrom"));
    EXPECT_FALSE(container_of(YAML::Load(text))["envFrom"]);
}

TEST(KubernetesManifest, NamesAreOnesThatPodsCanHave)
{
    std::vector<std::string> names;
    for (std::string const folder : {"/srv/batch", "/other/batch", "/x/Übergröße", "/x/---", "/x/My Disks (2026)", "/",
                                     "/x/a-very-long-name-that-goes-on-and-on-and-on-and-on-and-on"}) {
        auto manifest = small();
        manifest.folder = folder;
        for (std::string const salt : {"1", "2"}) {
            manifest.salt = salt;
            auto const name = write_manifest(manifest)->name;
            EXPECT_TRUE(is_dns_label(name + "-99999")) << name;
            EXPECT_EQ(std::find(names.begin(), names.end(), name), names.end()) << name;
            names.push_back(name);
        }
    }
    EXPECT_THAT(names.front(), ::testing::StartsWith("imgport-batch-"));
}

TEST(KubernetesManifest, MoreThanAJobCanHaveIsAUsageError)
{
    auto manifest = small();
    manifest.places.clear();
    EXPECT_THAT(complaint(manifest), HasSubstr("0 images"));
    manifest.places.resize(100'000);
    std::iota(manifest.places.begin(), manifest.places.end(), 0);
    EXPECT_EQ(complaint(manifest), "none");
    manifest.places.push_back(100'000);
    EXPECT_THAT(complaint(manifest), HasSubstr("100001 images"));
}

TEST(PlaceRanges, NameEachPlaceOnce)
{
    std::vector<std::size_t> const places{0, 1, 2, 5, 7, 8, 20};
    auto const ranges = ranges_of(places, 1000);
    EXPECT_EQ(ranges.text, "0-2,5,7-8,20");
    EXPECT_EQ(ranges.places, 7U);
    for (std::size_t i = 0; i < places.size(); ++i)
        EXPECT_EQ(nth_place(ranges.text, i).value(), places[i]);
    EXPECT_FALSE(nth_place(ranges.text, places.size()));
    // Too scattered for a command line: as many as fit, whole.
    auto const cut = ranges_of(places, 6);
    EXPECT_EQ(cut.text, "0-2,5");
    EXPECT_EQ(cut.places, 4U);
}

TEST(PlaceRanges, NonsenseIsAUsageError)
{
    for (std::string const text :
         {"", "x", "1,", ",1", "1-", "-1", "3-1", "1,1", "2,1", "0-3,3", "1--2", "18446744073709551615", "1 2"}) {
        auto const place = nth_place(text, 0);
        ASSERT_FALSE(place) << text;
        EXPECT_EQ(place.error().code, ErrorCode::usage);
    }
    EXPECT_EQ(nth_place("5-18446744073709551614", 10).value(), 15U);
}
