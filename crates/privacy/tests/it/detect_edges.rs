//! Personal data where it touches something else: another script, the `=` of a query, a word that could be part of it.

use super::detect::{found, nothing, of, only};

#[track_caller]
fn has(text: &str, kind: &str, words: &str) {
    assert!(of(kind, text).contains(&words.to_owned()), "{text}: {:?}", found(text));
}

#[test]
fn telephones_behind_the_name_of_a_field() {
    for (text, words) in [
        ("sms send mobile=13812345678 code=8812", "13812345678"),
        ("GET /api?tel=13812345678&x=1 HTTP/1.1", "13812345678"),
        ("phone=13812345678", "13812345678"),
        ("uid=13812345678", "13812345678"),
        ("x=13812345678", "13812345678"),
        ("tel=138-1234-5678", "138-1234-5678"),
        ("phone=138 1234 5678", "138 1234 5678"),
        ("phone=415-555-2671&x=1", "415-555-2671"),
        ("tel=010-62781234", "010-62781234"),
    ] {
        only(text, "phone", words);
    }
    assert_eq!(of("phone", "联系 13712345678/13612345678"), ["13712345678", "13612345678"]);
    for text in [
        "x=13812345678.5",
        "t=1381234567890",
        "width=13812345678px",
        "/v2/blob/13812345678/x",
        "size=415-555-2671",
        "a=1/13812345678",
    ] {
        nothing("phone", text);
    }
}

#[test]
fn a_word_has_one_number_and_a_servers_answer_is_none() {
    for text in [
        "GET /api?tel=13812345678&x=1 HTTP/1.1\" 200 512",
        "手机号18663470438 状态 200 512",
        "\"GET /tel/list HTTP/1.1\" 200 512",
        "POST /phone \"ok\" 404 128",
        "200 512 电话：13812345678",
    ] {
        let phones = of("phone", text);
        assert!(phones.iter().all(|phone| phone.len() == 11), "{text}: {phones:?}");
    }
    has("Phones: 555 1234, 555 6789", "phone", "555 6789");
    has("call me at home on 555 1234", "phone", "555 1234");
    has("555 1234 is my phone", "phone", "555 1234");
}

#[test]
fn places_whose_names_hold_a_word() {
    for text in [
        "成都市高新区天府大道88号3栋2单元501室",
        "成都市锦江区春熙路12号",
        "成都市武侯区中山巷933号",
        "都江堰市幸福路12号",
        "贵州省都匀市剑江中路8号",
        "重庆市丰都县平都大道20号",
        "江西省于都县长征大道3号",
        "广东省广州市从化区街口街道新城路5号",
        "辽宁省沈阳市于洪区黄海路22号",
        "新疆和田市北京西路9号",
        "河北省石家庄市和平西路215号",
        "内蒙古呼和浩特市新华大街1号",
        "天津市和平区南京路12号",
        "陕西省周至县中心街2号",
    ] {
        only(&format!("家住{text}。"), "address", text);
    }
    for text in ["双方和平解决了争议。", "大家都昌盛起来。", "我们从化学角度看。", "和县里的人说"]
    {
        assert_eq!(found(text), [], "{text}");
    }
    has("位于都昌县", "place", "都昌县");
}

#[test]
fn organisations_whose_names_hold_a_word() {
    for (text, words) in [
        ("转至成都市第三人民医院治疗", "成都市第三人民医院"),
        ("转至成都第三人民医院治疗", "成都第三人民医院"),
        ("与成都恒瑞达生物科技有限公司签约", "成都恒瑞达生物科技有限公司"),
        ("在北京首都医科大学附属安贞医院手术", "北京首都医科大学附属安贞医院"),
        ("他在华为技术有限公司上班", "华为技术有限公司"),
        ("到石家庄市第一医院就诊", "石家庄市第一医院"),
        ("由贵州茅台酒股份有限公司生产", "贵州茅台酒股份有限公司"),
        ("和上海红杉资本管理有限公司合作", "上海红杉资本管理有限公司"),
    ] {
        assert_eq!(of("organization", text), [words], "{text}: {:?}", found(text));
        nothing("person", text);
    }
    for text in ["他是一家公司的老板", "北京大学生都来了", "上海银行卡怎么办", "这家医院很好"]
    {
        nothing("organization", text);
    }
}

#[test]
fn organisations_behind_everyday_verbs_and_beside_numbers() {
    for (text, words) in [
        ("找上海市第六人民医院问问", "上海市第六人民医院"),
        ("抬头写浙江大学医学院附属第一医院", "浙江大学医学院附属第一医院"),
        ("抬头写深圳市南山区人民医院", "深圳市南山区人民医院"),
        ("发票抬头开深圳云帆医疗器械有限公司", "深圳云帆医疗器械有限公司"),
    ] {
        only(text, "organization", words);
    }
    let both = found("我打028-79249370找深圳云帆医疗器械有限公司问问");
    let expected = [("phone", "028-79249370"), ("organization", "深圳云帆医疗器械有限公司")];
    assert_eq!(both, expected.map(|(kind, words)| (kind.to_owned(), words.to_owned())));
    let both = found("13812345678云帆医疗器械有限公司");
    assert_eq!(both[0], ("phone".to_owned(), "13812345678".to_owned()), "{both:?}");
}

#[test]
fn persons_end_where_the_next_word_begins() {
    for (text, names) in [
        ("程宇阿姨来取药", &["程宇"][..]),
        ("彭伟阿姨来取药", &["彭伟"]),
        ("由傅浩代办手续", &["傅浩"]),
        ("欧阳轩远今日就诊", &["欧阳轩远"]),
        ("程玉与彭然系夫妻", &["程玉", "彭然"]),
        ("张伟系我院医生", &["张伟"]),
        ("李伟身份证复印件已收", &["李伟"]),
        ("收费处：傅明身份证复印件", &["傅明"]),
        ("地址：北京市海淀区中关村大街27号，于娟国收", &["于娟国"]),
    ] {
        assert_eq!(of("person", text), names, "{text}: {:?}", found(text));
    }
    for text in
        ["关系数据库与文件系统", "收费处代办身份证", "电话系统由我院维护", "同学与老师都到了"]
    {
        nothing("person", text);
    }
}

#[test]
fn western_names_among_chinese_words() {
    for (text, name) in [
        ("外籍患者Eric Smith，电话13812345678", "Eric Smith"),
        ("外籍患者 Eric Smith", "Eric Smith"),
        ("患者Eric Smith今日来诊", "Eric Smith"),
        ("主治医生John Miller查房", "John Miller"),
        ("Sarah Hudson（护照EA9115889）来诊", "Sarah Hudson"),
        ("由 Maria van den Berg 签字", "Maria van den Berg"),
        ("联系人：Robert J. O'Neill，已婚", "Robert J. O'Neill"),
        ("患者 ERIC SMITH 已出院", "ERIC SMITH"),
        ("请通知Smith先生明天复诊", "Smith"),
        ("患者：Eric Smith，男", "Eric Smith"),
        ("姓名：John Miller", "John Miller"),
        ("今天Lisa Young和王芳一起来的", "Lisa Young"),
    ] {
        has(text, "person", name);
    }
    for text in [
        "使用 Visual Studio 编译，然后启动 Spring Boot 服务",
        "微服务用Apache Kafka传递消息，Jenkins Pipeline负责发布",
        "他住在San Francisco，常去Los Angeles出差",
        "患者做了Holter检查，Apple Watch提示心率快",
        "诊断为Graves病，Barrett食管",
        "投资给了Morgan Stanley公司",
        "请在Google Cloud上部署，用户数据存入Amazon Aurora",
        "客户端用TypeScript编写，患者端是小程序",
        "医生用Warfarin治疗，复查INR",
    ] {
        nothing("person", text);
    }
}

#[test]
fn who_is_named_in_a_comment() {
    has("# TODO(Sheila Miller): fix", "person", "Sheila Miller");
    has("// BUG(John Carter)", "person", "John Carter");
    has("x += 1;  // TODO(John Carter): why?", "person", "John Carter");
    for text in [
        "// TODO(auth): check the token",
        "# BUG(Windows Server): paths",
        "// TODO(#1234) remove",
        "/* NOTE(Build System): slow */",
        "TODO(max_len)",
    ] {
        nothing("person", text);
    }
}

#[test]
fn accounts_of_wechat_in_other_words() {
    for (text, words) in [
        ("加我v：wxid_8g137k2k3if0i7", "wxid_8g137k2k3if0i7"),
        ("wxid_8g137k2k3if0i7", "wxid_8g137k2k3if0i7"),
        ("加v：abc_def123", "abc_def123"),
        ("想了解的+v：abc_def123", "abc_def123"),
        ("薇信 abc_def123", "abc_def123"),
    ] {
        only(text, "wechat", words);
    }
    for text in ["加vip123456会员", "wxid_from_user(x)", "let y = a +v abc_123;", "tv信号abc_1234"]
    {
        nothing("wechat", text);
    }
}

#[test]
fn days_of_birth_before_their_word() {
    for (text, words) in [
        ("他是1961/11/09生的", "1961/11/09"),
        ("1961年11月9日生，汉族", "1961年11月9日"),
        ("我1988-03-07生人", "1988-03-07"),
        ("1961年11月9日生日", "1961年11月9日"),
        ("签证材料，1972.02.02 生", "1972.02.02"),
        ("王芳，1972.02.02生，汉族", "1972.02.02"),
        ("2019年10月21号 生", "2019年10月21号"),
        ("生日：88年3月5日", "88年3月5日"),
        ("他85年3月出生", "85年3月"),
        ("1960.06.04出生，住莫干山路57号20号楼", "1960.06.04"),
        ("2013.11.12出生，公民身份号码510703 19890320 3524", "2013.11.12"),
    ] {
        has(text, "birth_date", words);
    }
    for text in [
        "2020年1月1日生效",
        "2020-01-01 生效",
        "88年3月5日签订",
        "2020-01-01发生的事",
        "先生的2020-01-01账单",
        "学生的入学日是2020-09-01",
    ] {
        nothing("birth_date", text);
    }
}

#[test]
fn keys_of_known_providers_need_no_digits() {
    // Assembled here, so that no scanner takes the source for a leak.
    for (front, back) in [
        ("AKIA", "EIGFHZCPBTCGNFGI"),
        ("sk_live_", "CPFJGpmbwvdrHs9eVIqHppvO"),
        ("glpat-", "mUbiFtlAnqECeaPpZNnK"),
    ] {
        let key = format!("{front}{back}");
        has(&format!("key {key} leaked"), "secret", &key);
    }
    for text in [
        &format!("AKIA{}", "IOSFODNN7EXAMPLE"),
        "sk_live_my_function_name",
        "sk_live_MyFunctionNameForTests",
        "glpat-AccessTokenOfMineHere",
        "glpat-xxxxxxxxxxxxxxxxxxxx",
        "AKIAAAAAAAAAAAAAAAAA",
        "hf_transformers_pipeline_for_everyone",
    ] {
        nothing("secret", text);
    }
}

#[test]
fn numbers_of_patients() {
    for (text, words) in [
        ("住院号：0038271", "0038271"),
        ("病案号 A0038271", "A0038271"),
        ("门诊号为20038271", "20038271"),
        ("就诊卡号：000382715", "000382715"),
        ("社保号：110203847561", "110203847561"),
        ("医保卡号 A12345678", "A12345678"),
        ("MRN: 00382711", "00382711"),
        ("NHS number 943 476 5919", "943 476 5919"),
        ("NHS no. 9434765919", "9434765919"),
        ("Medicare 1EG4-TE5-MK73", "1EG4-TE5-MK73"),
        ("card 1EG4-TE5-MK73", "1EG4-TE5-MK73"),
        ("Medicare ID: 1EG4TE5MK73", "1EG4TE5MK73"),
        ("NPI 1234567893", "1234567893"),
    ] {
        only(text, "medical_id", words);
    }
    assert_eq!(
        of("medical_id", "Medicare 1EG4-TE5-MK73 with NPI 1234567893"),
        ["1EG4-TE5-MK73", "1234567893"]
    );
    only("社保卡号 11010519491231002X", "cn_id", "11010519491231002X");
    for text in [
        "住院号的位数为10位",
        "住院号12345人次",
        "门诊号 2023-10-20",
        "NHS number 943 476 5918",
        "NHS spent 1234567890 pounds",
        "NPI 1234567894",
        "Medicare 1EG4-TE5-MK7",
        "Medicare 1SG4-TE5-MK73",
        "the MRNA is 12345678 long",
        "patient no longer takes 12345678",
    ] {
        nothing("medical_id", text);
    }
}

#[test]
fn numbers_behind_a_label_and_between_other_marks() {
    for (text, kind, words) in [
        ("密码：hunter22", "secret", "hunter22"),
        ("password: hunter22", "secret", "hunter22"),
        ("api key: abcdef1234567890abcd", "secret", "abcdef1234567890abcd"),
        ("LTAI5tAbCdEfGh1234567890", "secret", "LTAI5tAbCdEfGh1234567890"),
        ("LTAI4FoDtTwmsrEvQQvMjRxY", "secret", "LTAI4FoDtTwmsrEvQQvMjRxY"),
        ("账号：6222021234567890123", "bank_card", "6222021234567890123"),
        ("account: 6222021234567890123", "bank_card", "6222021234567890123"),
        ("台湾身份证A123456789", "cn_id", "A123456789"),
        ("IMEI 490154203237518", "mac", "490154203237518"),
        ("4539.1488.0343.6467", "credit_card", "4539.1488.0343.6467"),
        ("card 4539/1488/0343/6467", "credit_card", "4539/1488/0343/6467"),
        ("card 4539_1488_0343_6467", "credit_card", "4539_1488_0343_6467"),
        ("SSN 219.09.9998", "ssn", "219.09.9998"),
        ("139/1234/5678", "phone", "139/1234/5678"),
        ("139_1234_5678", "phone", "139_1234_5678"),
        ("手机: 1.3812345678E10", "phone", "1.3812345678E10"),
        ("mail=ava%40example.com&x=1", "email", "ava%40example.com"),
        ("tel=%2B86%20139%201234%205678", "phone", "%2B86%20139%201234%205678"),
    ] {
        has(text, kind, words);
    }
    for (text, kind) in [
        ("password = hunter22", "secret"),
        ("password: bytes32", "secret"),
        ("台湾身份证A123456788", "cn_id"),
        ("A123456789", "cn_id"),
        ("IMEI 490154203237519", "mac"),
        ("490154203237518", "mac"),
        ("219.09.9998", "ssn"),
        ("order 6222021234567890123", "bank_card"),
        ("电话 0.000001", "phone"),
        ("number 0.000001", "phone"),
        ("1.3812345678E10", "phone"),
        ("width 100%40 of it", "email"),
    ] {
        nothing(kind, text);
    }
}

#[test]
fn a_password_in_an_address_is_hidden_with_its_host() {
    for text in [
        "postgres://app:S3cr3tPw9x@db.internal:5432/prod",
        "postgres://app:S3cr3tPw9x@db.internal.corp.com/prod",
        "mongodb+srv://u1:Pa55word1@cluster0.ab1cd.mongodb.net/test",
        "amqp://mq:Pa55word1x@mq.example.com:5672/v",
        "https://user:Pa55word1x@git.example.com/a.git",
        "mysql://root:Zx81kqp2@10.0.0.8/core",
    ] {
        only(text, "secret", text);
    }
    only("mail app@db.internal.corp.com now", "email", "app@db.internal.corp.com");
}

#[test]
fn names_in_lines_of_pairs() {
    for line in [
        "assigned_to={}; status=open",
        "user={} action=login",
        "user_name={} action=login result=ok",
        "patient_name={}",
        "patient_name={};ward=3;bed_no=12",
        "customer={}, amount=500",
        "name={}&x=1",
        "2024-05-01 10:00:01 INFO [auth] user={} ip_zone=inner ok",
        "owner={}",
    ] {
        for name in ["Sarah Hudson", "Jose Rivera", "Michael J. Porter"] {
            has(&line.replace("{}", name), "person", name);
        }
    }
    for text in [
        "x = Foo(bar=Baz, quux=Quuz) and self.a_b[c]",
        "lambda a=Hudson, b=Rivera: a[b]; c=d",
        "PATH=Sarah/Hudson USER=Jose_Rivera run --owner=Hudson(Rivera)",
        "Name[fr]=Sarah Hudson; Name[de]=Jose Rivera;",
    ] {
        nothing("person", text);
    }
}

#[test]
fn what_is_cited_is_no_address() {
    for text in [
        "see PEP 8, RFC 2616",
        "Python 3, NumPy 1234 are needed.",
        "conforms to ISO 9001, GB 2312 and IEC 61508.",
        "Windows 7, SQL 2016 or later",
        "HTTP 2, RFC 7540",
        "closes GH 16378, GH 16306",
        "GPT 4, BERT 2018",
    ] {
        nothing("address", text);
    }
    for text in [
        "Tylova 1036, Saint-Denis 93200",
        "Tylova 1036, McAllen TX 78501",
        "Rua Rosa 3, LISBOA 1200",
        "Lindenstrasse 3, NEUDORF 81541",
        "ul. Nobla 144, STARGOWO 35410",
    ] {
        has(text, "address", text);
    }
}

#[test]
fn two_small_fractions_are_no_place() {
    for text in ["[0.963624, 1.177164]", "x = 3.14159, -2.71828", "(1.41421,  1.73205)"] {
        nothing("gps", text);
    }
    for (text, words) in [
        ("at 39.9042, 116.4074 now", "39.9042, 116.4074"),
        ("at 6.5244, 3.3792 now", "6.5244, 3.3792"),
        ("at -0.1807, -78.4678 now", "-0.1807, -78.4678"),
        ("buoy, location 0.963624, 1.177164", "0.963624, 1.177164"),
        ("0.9636°N, 1.1771°E", "0.9636°N, 1.1771°E"),
    ] {
        has(text, "gps", words);
    }
}

#[test]
fn a_day_with_a_serial_number_is_no_telephone() {
    for text in [
        "订单号20240506-0031，来电时间10:31",
        "客户来电，单号 20240506-0031",
        "call id 20240506-0031",
        "电话工单 20240506 0031",
    ] {
        nothing("phone", text);
    }
    has("call 2856 4417 or 28564417-0031", "phone", "2856 4417");
    only("txt me on 7962916662", "phone", "7962916662");
    nothing("phone", "readme.txt 7962916662");
}

#[test]
fn documents_with_a_word_between_and_codes_with_a_fault() {
    for (text, kind, words) in [
        ("passport no 29261729, surname", "passport", "29261729"),
        ("Passport no. 29261729", "passport", "29261729"),
        ("passport: NX 1234567", "passport", "NX 1234567"),
        ("护照E1234 5678", "passport", "E1234 5678"),
        ("统一社会信用代码：91350100M000100Y44", "cn_uscc", "91350100M000100Y44"),
        ("统一社会信用代码 91350100M000100Y43", "cn_uscc", "91350100M000100Y43"),
    ] {
        has(text, kind, words);
    }
    nothing("passport", "passport issued 20210506");
    nothing("cn_uscc", "单号 91350100M000100Y44");
}

#[test]
fn resident_numbers_that_end_in_x_behind_letters() {
    for before in ["ID", "id", "身份证ID", "客户ID", "SFZ", "no", "编号a", "No."] {
        for number in ["31010419931227038X", "31010419931227038x"] {
            for behind in ["", "，", "已核", " ok"] {
                let text = format!("{before}{number}{behind}");
                assert_eq!(of("cn_id", &text), [number], "{text}");
            }
        }
    }
    for text in [
        // Another check character, no day, no region, a number that goes on, a longer word.
        "ID31010419931227037X",
        "ID31010419931327038X",
        "ID99010419931227038X",
        "ID31010419931227038X1",
        "ID31010419931227038Xy",
        "a1ID31010419931227038X",
    ] {
        nothing("cn_id", text);
    }
}

#[test]
fn mobile_numbers_behind_the_zero_of_a_long_distance_call() {
    for (text, words) in [
        ("电话：018672013831", "018672013831"),
        ("手机号 013800138000 联系", "013800138000"),
        ("call 018672013831", "018672013831"),
        ("请拨打018672013831联系", "018672013831"),
        ("手机0-18672013831", "0-18672013831"),
        ("电话 0186 7201 3831", "0186 7201 3831"),
    ] {
        only(text, "phone", words);
    }
    has("+86 018672013831", "phone", "+86 018672013831");
    for text in [
        "订单 018672013831",
        "account number 018672013831",
        "流水号码：013800138000",
        "电话：0186720138311",
        "电话：012000138000",
        "018672013831",
    ] {
        nothing("phone", text);
    }
}
