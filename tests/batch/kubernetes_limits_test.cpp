// What no cluster would take.
#include "batch/kubernetes_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace imgport;
using ::testing::HasSubstr;

namespace {

// What is said of good options after that change.
template <typename Change>
std::string complaint(Change change)
{
    BatchOptions options;
    options.output_dir = "/srv/batch";
    options.place = BatchPlace::kubernetes;
    options.kubernetes.volumes = {{"out", "/srv/batch"}, {"disks", "/srv/disks"}};
    change(options.kubernetes, options);
    auto const checked = check_for_kubernetes(options);
    if (checked)
        return "none";
    EXPECT_EQ(checked.error().code, ErrorCode::usage);
    return describe(checked.error());
}

}  // namespace

TEST(KubernetesLimits, NamesOfImagesAndNamespaces)
{
    EXPECT_EQ(complaint([](auto &, auto &) {}), "none");
    EXPECT_THAT(complaint([](auto &k, auto &) { k.image = "two words"; }), HasSubstr("container image"));
    EXPECT_THAT(complaint([](auto &k, auto &) { k.image = "-x"; }), HasSubstr("container image"));
    EXPECT_EQ(complaint([](auto &k, auto &) { k.image = "host:5000/Team/imgport@sha256:0123"; }), "none");
    EXPECT_THAT(complaint([](auto &k, auto &) { k.name_space = "Mine"; }), HasSubstr("namespace"));
    EXPECT_THAT(complaint([](auto &k, auto &) { k.name_space = std::string(64, 'a'); }), HasSubstr("namespace"));
    EXPECT_THAT(complaint([](auto &, auto &options) { options.output_dir = "/srv/\xff"; }), HasSubstr("UTF-8"));
}

TEST(KubernetesLimits, Volumes)
{
    EXPECT_THAT(complaint([](auto &k, auto &) { k.volumes[1].claim = "A b"; }), HasSubstr("claim's name"));
    EXPECT_EQ(complaint([](auto &k, auto &) { k.volumes[1].claim = std::string(70, 'a') + ".b"; }), "none");
    EXPECT_THAT(complaint([](auto &k, auto &) { k.volumes[1].claim = "out"; }), HasSubstr("once"));
    EXPECT_THAT(complaint([](auto &k, auto &) { k.volumes[1].path = "/srv/batch"; }), HasSubstr("once"));
    EXPECT_THAT(complaint([](auto &k, auto &) { k.volumes[1].path = "/srv/batch/"; }), HasSubstr("once"));
    auto const at = [](const std::string &path) {
        return complaint([&](auto &k, auto &) { k.volumes[1].path = path; });
    };
    for (std::string const path :
         {"/", "/tmp", "/tmp/", "/var//", "/usr", "/usr/local/disks", "/etc/x", "/proc", "/dev/disks"})
        EXPECT_THAT(at(path), HasSubstr("hide")) << path;
    for (std::string const path : {"disks", "/a:b", "/\xff"})
        EXPECT_THAT(at(path), HasSubstr("volume")) << path;
    for (std::string const path : {"/tmp/disks", "/var/lib/disks", "/users", "/srv/a b"})
        EXPECT_EQ(at(path), "none") << path;
}

TEST(KubernetesLimits, Labels)
{
    EXPECT_TRUE(is_dns_label("a-1"));
    EXPECT_TRUE(is_dns_subdomain("a-1.b"));
    for (std::string const text : {"", "-a", "a-", "A", "a_b", "a.b"})
        EXPECT_FALSE(is_dns_label(text)) << text;
    for (std::string const text : {"", ".", "a.", "a..b", "a.-b"})
        EXPECT_FALSE(is_dns_subdomain(text)) << text;
    EXPECT_FALSE(is_dns_subdomain(std::string(254, 'a')));
}
