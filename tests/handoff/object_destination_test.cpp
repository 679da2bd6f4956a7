#include "handoff/object_destination.hpp"

#include <gtest/gtest.h>

using namespace imgport;

namespace {

Result<ObjectDestination> parsed(const std::string &text, const UploadOptions &options = {})
{
    return parse_object_destination(text, options);
}

Manifest manifest_for(const std::string &bucket, const std::string &object, const std::string &region = {})
{
    Manifest manifest;
    manifest.artifact.file = "web.qcow2";
    manifest.import.disks = {{"QCOW2", bucket, object, 40}};
    if (!region.empty())
        manifest.import.region = region;
    return manifest;
}

}  // namespace

TEST(ObjectDestination, IsTakenApart)
{
    auto const oss = parsed("oss://images/web/a b.qcow2");
    ASSERT_TRUE(oss);
    EXPECT_EQ(oss->store.bucket, "images");
    EXPECT_EQ(oss->key, "web/a b.qcow2");
    EXPECT_EQ(oss->store.dialect, StoreDialect::oss);
    EXPECT_EQ(oss->name(), "oss://images/web/a b.qcow2");
    auto const s3 = parsed("s3://My.Bucket_1/k", {.endpoint = "minio.example.com:9000"});
    ASSERT_TRUE(s3);
    EXPECT_EQ(s3->store.dialect, StoreDialect::s3);
    EXPECT_EQ(s3->store.bucket, "My.Bucket_1");
    EXPECT_EQ(s3->store.endpoint, "https://minio.example.com:9000");
    EXPECT_FALSE(s3->in_oss());
    EXPECT_TRUE(parsed("s3://images/k", {.endpoint = "https://s3.oss-cn-beijing.aliyuncs.com"})->in_oss());
}

TEST(ObjectDestination, WithoutAKeyOrWithASlashIsAFolder)
{
    for (auto const *text : {"oss://images", "oss://images/", "s3://images", "s3://images/"})
        EXPECT_EQ(with_name(*parsed(text), "web.qcow2").key, "web.qcow2") << text;
    for (auto const *text : {"oss://images/2026/", "s3://images/2026/"})
        EXPECT_EQ(with_name(*parsed(text), "web.qcow2").key, "2026/web.qcow2") << text;
    EXPECT_EQ(with_name(*parsed("oss://images/2026"), "web.qcow2").key, "2026");
}

TEST(ObjectDestination, OfAUrlTellsEndpointAndRegion)
{
    auto const url = parsed("https://images.oss-cn-hangzhou-internal.aliyuncs.com/web/a%20b.qcow2?Signature=SECRET");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->store.bucket, "images");
    EXPECT_EQ(url->key, "web/a b.qcow2");
    EXPECT_EQ(url->store.region, "cn-hangzhou");
    EXPECT_EQ(url->store.endpoint, "https://oss-cn-hangzhou-internal.aliyuncs.com");
    EXPECT_EQ(parsed("https://images.s3.oss-cn-hangzhou.aliyuncs.com/k")->store.endpoint,
              "https://oss-cn-hangzhou.aliyuncs.com");
    EXPECT_FALSE(parsed("https://images.example.com/k"));
    EXPECT_FALSE(parsed("https://images.oss-cn-hangzhou.aliyuncs.com/k", {.region = "cn-beijing"}));
    EXPECT_FALSE(parsed("https://images.oss-cn-hangzhou.aliyuncs.com/k", {.endpoint = "oss-cn-beijing.aliyuncs.com"}));
}

TEST(ObjectDestination, ThatIsNoneIsAUsageErrorWithoutSecrets)
{
    for (auto const *text :
         {"oss:/images/k", "oss://", "oss:///k", "oss://UPPER/k", "oss://images//k", "s3://", "s3:///k", "s3://a b/k",
          "s3://../k", "oss://images/k?OSSAccessKeyId=SECRET&Signature=SECRET", "s3://images/k?X-Amz-Signature=SECRET",
          "https://u:SECRET@images.oss-cn-hangzhou.aliyuncs.com/k", "https://host/k?Signature=SECRET"}) {
        auto const refused = parsed(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, ErrorCode::usage) << text;
        EXPECT_EQ(describe(refused.error()).find("SECRET"), std::string::npos) << text;
        auto const uploader = make_uploader(text);
        ASSERT_FALSE(uploader) << text;
        EXPECT_EQ(describe(uploader.error()).find("SECRET"), std::string::npos) << text;
    }
}

TEST(ObjectDestination, OptionsThatContradictAreUsageErrors)
{
    std::vector<UploadOptions> const wrong{
        {.endpoint = "ftp://host"},
        {.endpoint = "https://user:pass@host"},
        {.endpoint = "https://host/path"},
        {.endpoint = "https://"},
        {.endpoint = "https://ho st"},
        {.custom_domain = true},
        {.endpoint = "https://host", .internal = true},
        {.endpoint = "oss-cn-hangzhou.aliyuncs.com", .region = "cn-beijing"},
        {.region = "oss-cn-hangzhou"},
        {.region = "Hangzhou"},
    };
    for (std::size_t i = 0; i < wrong.size(); ++i) {
        auto const refused = parsed("oss://images/k", wrong[i]);
        ASSERT_FALSE(refused) << i;
        EXPECT_EQ(refused.error().code, ErrorCode::usage) << i;
        EXPECT_EQ(describe(refused.error()).find("pass"), std::string::npos) << i;
    }
    EXPECT_FALSE(parsed("s3://images/k", {.signature = UploadSignature::v1}));
    EXPECT_FALSE(parsed("s3://images/k", {.internal = true}));
}

TEST(ObjectDestination, TakesTheRegionFromWhereItIsKnown)
{
    auto const manifest = manifest_for("", "web.qcow2", "cn-beijing");
    EXPECT_EQ(destination_for(*parsed("oss://images/k"), manifest, "m")->store.region, "cn-beijing");
    EXPECT_EQ(parsed("oss://images/k", {.endpoint = "oss-cn-hangzhou.aliyuncs.com"})->store.region, "cn-hangzhou");
    EXPECT_EQ(destination_for(*parsed("oss://images/k", {.region = "cn-hangzhou"}), manifest, "m").error().field,
              "RegionId");
    // Another cloud's regions are none of the import's business.
    EXPECT_TRUE(destination_for(*parsed("s3://images/k", {.region = "us-east-1"}), manifest, "m"));
    auto const internal = store_address(*destination_for(*parsed("oss://images/k", {.internal = true}), manifest, "m"));
    ASSERT_TRUE(internal);
    EXPECT_EQ(internal->endpoint, "https://oss-cn-beijing-internal.aliyuncs.com");
    EXPECT_FALSE(store_address(*parsed("oss://images/k", {.internal = true})));
}

TEST(ObjectDestination, ThatTheManifestContradictsIsAnError)
{
    auto const manifest = manifest_for("images", "web/web.qcow2");
    EXPECT_TRUE(destination_for(*parsed("oss://images/web/web.qcow2"), manifest, "m"));
    EXPECT_TRUE(destination_for(*parsed("oss://images/web/"), manifest, "m"));
    for (auto const *text : {"oss://images/web/other.qcow2", "oss://others/web/web.qcow2", "oss://images/"}) {
        auto const refused = destination_for(*parsed(text), manifest, "m");
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, ErrorCode::usage);
        EXPECT_EQ(refused.error().field, "OSSObject");
    }
    // The default name of an object that nobody asked for binds no one.
    EXPECT_TRUE(destination_for(*parsed("oss://others/k"), manifest_for("", "web.qcow2"), "m"));
    EXPECT_TRUE(destination_for(*parsed("s3://others/k"), manifest, "m"));
}

TEST(ObjectDestination, OfADataDiskIsBesideTheFirst)
{
    EXPECT_EQ(destination_beside("oss://images/web/web.qcow2", "web-data1.qcow2"), "oss://images/web/web-data1.qcow2");
    EXPECT_EQ(destination_beside("s3://images/web.qcow2", "d.qcow2"), "s3://images/d.qcow2");
    EXPECT_EQ(destination_beside("oss://images/web/", "d.qcow2"), "oss://images/web/");
    EXPECT_EQ(destination_beside("https://images.oss-cn-hangzhou.aliyuncs.com/web.qcow2?x=/y", "a b.qcow2"),
              "https://images.oss-cn-hangzhou.aliyuncs.com/a%20b.qcow2");
    EXPECT_EQ(destination_beside("dir:/srv/a", "d.qcow2"), "dir:/srv/a");
    EXPECT_TRUE(names_one_object("oss://images/web.qcow2"));
    EXPECT_FALSE(names_one_object("oss://images/"));
    EXPECT_FALSE(names_one_object("dir:/srv"));
}
