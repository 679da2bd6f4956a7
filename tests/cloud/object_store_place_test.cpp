#include "cloud/object_store_place.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace imgport;
using ::testing::HasSubstr;

namespace {

Result<StorePlace> place(const StoreAddress &address, const std::map<std::string, std::string> &variables = {})
{
    return place_of(address, [&](const std::string &name) {
        auto const found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    });
}

// "https://HOST REGION", with "/BUCKET" where the bucket is in the path.
std::string shown(const StoreAddress &address, const std::map<std::string, std::string> &variables = {})
{
    auto const found = place(address, variables);
    if (!found)
        return describe(found.error());
    return found->scheme + "://" + found->host + (found->bucket_in_path ? "/" + address.bucket : "") + " " +
           found->region;
}

constexpr auto oss = StoreDialect::oss;
constexpr auto s3 = StoreDialect::s3;

}  // namespace

TEST(StorePlace, OfOss)
{
    auto const with = [](std::string endpoint, std::string region = "") {
        return shown({.dialect = oss, .bucket = "imgs", .region = std::move(region), .endpoint = std::move(endpoint)});
    };
    EXPECT_EQ(with("", "cn-hangzhou"), "https://imgs.oss-cn-hangzhou.aliyuncs.com cn-hangzhou");
    EXPECT_EQ(with("", "oss-cn-hangzhou"), "https://imgs.oss-cn-hangzhou.aliyuncs.com cn-hangzhou");
    EXPECT_EQ(with("https://oss-cn-beijing-internal.aliyuncs.com"),
              "https://imgs.oss-cn-beijing-internal.aliyuncs.com cn-beijing");
    EXPECT_EQ(with("oss-us-east-1.aliyuncs.com/"), "https://imgs.oss-us-east-1.aliyuncs.com us-east-1");
    EXPECT_EQ(with("http://oss-us-east-1.aliyuncs.com:80"), "http://imgs.oss-us-east-1.aliyuncs.com us-east-1");
    EXPECT_EQ(with("https://IMGS.oss-cn-beijing.aliyuncs.com:443"),
              "https://imgs.oss-cn-beijing.aliyuncs.com cn-beijing")
        << "the bucket's own address";
    EXPECT_EQ(with("https://oss-accelerate.aliyuncs.com", "cn-hangzhou"),
              "https://imgs.oss-accelerate.aliyuncs.com cn-hangzhou");
    EXPECT_THAT(with("https://oss-accelerate.aliyuncs.com"), HasSubstr("--region"));
    EXPECT_EQ(with("http://127.0.0.1:7490", "cn-hangzhou"), "http://127.0.0.1:7490/imgs cn-hangzhou");
    EXPECT_EQ(with("http://localhost:7490", "cn-hangzhou"), "http://localhost:7490/imgs cn-hangzhou");
    EXPECT_EQ(with("http://[::1]:7490", "cn-hangzhou"), "http://[::1]:7490/imgs cn-hangzhou");
    EXPECT_EQ(with("http://oss.test.local:7490", "cn-hangzhou"), "http://imgs.oss.test.local:7490 cn-hangzhou");
    EXPECT_EQ(shown({.dialect = oss,
                     .bucket = "imgs",
                     .region = "cn-hangzhou",
                     .endpoint = "https://img.example.cn",
                     .custom_domain = true}),
              "https://img.example.cn cn-hangzhou");
}

TEST(StorePlace, OfOssWithoutARegion)
{
    EXPECT_THAT(shown({.dialect = oss, .bucket = "imgs"}), HasSubstr("--region cn-hangzhou"));
    EXPECT_EQ(shown({.dialect = oss, .bucket = "imgs"}, {{"ALIBABA_CLOUD_REGION_ID", "cn-shanghai"}}),
              "https://imgs.oss-cn-shanghai.aliyuncs.com cn-shanghai");
    EXPECT_EQ(shown({.dialect = oss, .bucket = "imgs", .endpoint = "https://oss-cn-beijing.aliyuncs.com"},
                    {{"ALIBABA_CLOUD_REGION_ID", "cn-shanghai"}}),
              "https://imgs.oss-cn-beijing.aliyuncs.com cn-beijing")
        << "the endpoint is nearer";
    auto const v1 = place({.dialect = oss,
                           .bucket = "imgs",
                           .endpoint = "https://img.example.cn",
                           .custom_domain = true,
                           .signature = ObjectSignature::v1});
    ASSERT_TRUE(v1) << describe(v1.error());
    EXPECT_TRUE(v1->v1) << "which needs no region";
}

TEST(StorePlace, OfS3)
{
    auto const with = [](std::string endpoint, std::string region = "", std::string bucket = "imgs") {
        return shown(
            {.dialect = s3, .bucket = std::move(bucket), .region = std::move(region), .endpoint = std::move(endpoint)});
    };
    EXPECT_EQ(with("", "eu-west-1"), "https://imgs.s3.eu-west-1.amazonaws.com eu-west-1");
    EXPECT_EQ(with("", "cn-north-1"), "https://imgs.s3.cn-north-1.amazonaws.com.cn cn-north-1");
    EXPECT_EQ(with("", "eu-west-1", "my.imgs"), "https://s3.eu-west-1.amazonaws.com/my.imgs eu-west-1")
        << "no certificate is for two dots";
    EXPECT_EQ(with("https://s3.eu-west-1.amazonaws.com"), "https://imgs.s3.eu-west-1.amazonaws.com eu-west-1");
    EXPECT_EQ(with("https://s3.dualstack.eu-west-1.amazonaws.com"),
              "https://imgs.s3.dualstack.eu-west-1.amazonaws.com eu-west-1");
    EXPECT_EQ(with("https://s3.amazonaws.com"), "https://imgs.s3.amazonaws.com us-east-1");
    EXPECT_EQ(with("https://s3.oss-cn-hangzhou.aliyuncs.com"),
              "https://imgs.s3.oss-cn-hangzhou.aliyuncs.com cn-hangzhou");
    EXPECT_EQ(with("https://s3.oss-cn-hangzhou-internal.aliyuncs.com"),
              "https://imgs.s3.oss-cn-hangzhou-internal.aliyuncs.com cn-hangzhou");
    EXPECT_EQ(with("https://minio.example.com:9000"), "https://minio.example.com:9000/imgs us-east-1");
    EXPECT_EQ(with("http://127.0.0.1:7480", "default"), "http://127.0.0.1:7480/imgs default");
    EXPECT_EQ(with("https://cos.ap-guangzhou.myqcloud.com", "ap-guangzhou", "imgs-1250000000"),
              "https://imgs-1250000000.cos.ap-guangzhou.myqcloud.com ap-guangzhou");
    EXPECT_EQ(with("https://imgs.s3.eu-west-1.amazonaws.com"), "https://imgs.s3.eu-west-1.amazonaws.com eu-west-1");
    EXPECT_EQ(with("https://imgs.example.com"), "https://imgs.example.com/imgs us-east-1") << "by chance";
    EXPECT_EQ(with("https://s3.eu-west-1.amazonaws.com", "", "s3"), "https://s3.s3.eu-west-1.amazonaws.com eu-west-1");
    EXPECT_THAT(with(""), HasSubstr("AWS_REGION"));
    EXPECT_EQ(shown({.dialect = s3, .bucket = "imgs"}, {{"AWS_REGION", "eu-west-1"}}),
              "https://imgs.s3.eu-west-1.amazonaws.com eu-west-1");
    EXPECT_EQ(shown({.dialect = s3, .bucket = "imgs"}, {{"AWS_DEFAULT_REGION", "eu-west-2"}}),
              "https://imgs.s3.eu-west-2.amazonaws.com eu-west-2");
}

TEST(StorePlace, NothingThatWouldBeAnotherHost)
{
    for (const char *const bucket : {"", "a/b", "a@evil.example", "a?b", "a#b", "..", ".a", "a b", "a:1", "a%2e"}) {
        auto const found = place({.dialect = oss, .bucket = bucket, .region = "cn-hangzhou"});
        ASSERT_FALSE(found) << bucket;
        EXPECT_EQ(found.error().code, ErrorCode::usage);
    }
    for (const char *const endpoint :
         {"ftp://a", "https://", "https://a/b", "https://user@a", "https://a:0", "https://a:99999", "https://a:x",
          "https://a?b", "https://a b", "https://[::1", "https://a\r\nb", "://a"}) {
        auto const found = place({.dialect = oss, .bucket = "imgs", .region = "cn-hangzhou", .endpoint = endpoint});
        ASSERT_FALSE(found) << endpoint;
        EXPECT_EQ(found.error().code, ErrorCode::usage) << endpoint;
    }
    EXPECT_FALSE(place({.dialect = oss, .bucket = "imgs", .region = "cn/../x"}));
    EXPECT_FALSE(place({.dialect = s3, .bucket = "imgs", .region = "r", .signature = ObjectSignature::v1}));
    EXPECT_FALSE(place({.dialect = oss,
                        .bucket = "imgs",
                        .region = "cn-hangzhou",
                        .endpoint = "http://127.0.0.1",
                        .custom_domain = true}));
}
