//! What a trial by a data-protection engineer found amiss.

use super::detect::{found, of, only};

#[test]
fn a_day_is_no_telephone() {
    for text in [
        "患者电话已登记，2023-10-20复诊。",
        "2023-10-20 手机银行开通，2024-01-05 注销",
        "Admitted 2023-10-20; phone on file. Call back 2023-11-02.",
        "电话登记 2023.10.20 上午",
        "联系电话 2023-10 起停用",
        "电话 20-10-2023 已停",
        "患者电话已登记于前台系统，20231020复诊",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
    only("因肺炎于2023-10-20入院，电话18678220482。", "phone", "18678220482");
    only("电话010-62781234 2023-10-20", "phone", "010-62781234");
}

#[test]
fn terms_of_medicine_statistics_and_banking_are_nobody() {
    for text in [
        "查体：T 36.5℃，无黄染，左房增大，左室射血分数58%，窦性心律，胆囊壁毛糙。",
        "口服华法林，予头孢曲松、左氧氟沙星抗感染，孟鲁司特钠咀嚼片。",
        "诊断：1.帕金森病 2.霍奇金淋巴瘤 3.克罗恩病 4.唐氏综合征 5.格林巴利综合征",
        "单笔最高限额伍仟元整，周一至周五可办。",
        "按巴塞尔协议、马科维茨理论、贝叶斯公式、麦克斯韦方程计算。",
        "Warfarin, Atorvastatin and Metformin were continued; Klebsiella grew.",
        "Diagnosis: Parkinson disease, Crohn's, Hashimoto thyroiditis, Barrett esophagus, Graves' disease, Addison's disease.",
        "Murphy's sign negative. Monte Carlo simulation, Kaplan-Meier estimator, Basel III.",
    ] {
        assert_eq!(of("person", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn names_beside_terms_are_still_somebodys() {
    for (text, name) in [
        ("患者张伟病情好转，继续口服华法林。", "张伟"),
        ("王芳征信报告良好。", "王芳"),
        ("张伟与李娜协议离婚。", "李娜"),
        ("Dr. Graves saw the patient.", "Graves"),
        ("Dear Mr. Addison, thank you.", "Addison"),
        ("My name is Kate Murphy and I took the test.", "Kate Murphy"),
    ] {
        assert!(of("person", text).contains(&name.to_owned()), "{text}: {:?}", found(text));
    }
}

#[test]
fn secrets_are_found_by_their_names() {
    let hex = "8f14e45fceea167a5a36dedd4bea2543";
    for (text, words) in [
        ("password=Tr0ub4dor&3", "Tr0ub4dor&3"),
        ("password: Hy7kQw92LmZx", "Hy7kQw92LmZx"),
        (r#"{"password": "Hy7kQw92LmZx"}"#, "Hy7kQw92LmZx"),
        ("DB_PASSWORD=Hy7kQw92LmZx", "Hy7kQw92LmZx"),
        ("const dbPassword = 'Xk29!mQz8Lp';", "Xk29!mQz8Lp"),
        ("数据库密码：Xk29!mQz8Lp", "Xk29!mQz8Lp"),
        ("登录密码是Xk29!mQz8Lp，请勿外传", "Xk29!mQz8Lp"),
        ("mysql -u root -pS3cr3tPass!", "S3cr3tPass!"),
        (&format!("client_secret={hex}"), hex),
        ("api_key=Hy7kQw92LmZxPq83Vn", "Hy7kQw92LmZxPq83Vn"),
        (&format!("token={hex}"), hex),
        (&format!("Authorization: Bearer {hex}"), hex),
        ("<password>Xk29mQz8Lp</password>", "Xk29mQz8Lp"),
    ] {
        only(text, "secret", words);
    }
    for text in [
        "password=None",
        "def login(user, password: str, token: Optional[str] = None)",
        r#"password = os.environ["DB_PASSWORD"]"#,
        "password=${DB_PASSWORD}",
        "token=token",
        "token = self.access_token_2",
        "password: <your-password>",
        "password: ********",
        "password: required, at least 8 characters",
        "password_hash = hashlib.sha256(data)",
        "if password == 'abc123def':",
        "密码：请输入6位以上",
        "max_tokens=100, token_count: 4096",
        "mysql -u root -p",
    ] {
        assert_eq!(of("secret", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn names_of_several_parts_are_whole() {
    for (text, name) in [
        ("患者艾力·买买提因头痛三天入院", "艾力·买买提"),
        ("古丽娜尔·阿不都热依木，女，34岁", "古丽娜尔·阿不都热依木"),
        ("迪丽热巴·迪力木拉提来我院就诊", "迪丽热巴·迪力木拉提"),
        ("患者让·雷诺，男", "让·雷诺"),
        ("由艾力•买买提签字", "艾力•买买提"),
        ("由扎西多吉负责", "扎西多吉"),
    ] {
        only(text, "person", name);
    }
    for text in ["苹果·香蕉·橘子", "扎西德勒！", "北京·上海·广州"] {
        assert_eq!(of("person", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn codes_in_groups_are_codes() {
    only("统一社会信用代码 9133 0106 MA2C 8K7T3H", "cn_uscc", "9133 0106 MA2C 8K7T3H");
    only("91330106 MA2C8K7T3H", "cn_uscc", "91330106 MA2C8K7T3H");
    assert_eq!(of("cn_uscc", "9133 0106 MA2C 8K7T3J"), Vec::<String>::new());
}

#[test]
fn blanks_and_a_scanners_mistakes_hide_nothing() {
    for (text, kind, words) in [
        ("姓 名：王 芳", "person", "王 芳"),
        ("姓　名：王　芳", "person", "王　芳"),
        ("患 者 姓 名 ： 张 伟", "person", "张 伟"),
        ("手 机 1 3 8 6 7 4 1 2 9 5 3", "phone", "1 3 8 6 7 4 1 2 9 5 3"),
        ("手机 l3867412953", "phone", "l3867412953"),
        ("联系电话：138674l2953", "phone", "138674l2953"),
        ("邮箱 wanqing . shen @ 163 . com", "email", "wanqing . shen @ 163 . com"),
    ] {
        only(text, kind, words);
    }
    assert_eq!(found("1 2 3 4 5 6 7 8 9 10 11"), []);
}

#[test]
fn papers_plates_days_and_doors_of_other_forms() {
    for (text, kind, words) in [
        ("证件 A123456(3)", "cn_id", "A123456(3)"),
        ("台胞证 04827563", "passport", "04827563"),
        ("外国人永久居留证 USA440182070801", "passport", "USA440182070801"),
        ("车牌使224031", "plate", "使224031"),
        ("生于一九八七年十一月二十三日", "birth_date", "一九八七年十一月二十三日"),
        ("住杭州市西湖区文三路12号附1号", "address", "杭州市西湖区文三路12号附1号"),
        (
            "住河北省保定市清苑区魏村镇刘村12组35号",
            "address",
            "河北省保定市清苑区魏村镇刘村12组35号",
        ),
        (
            "北京市朝阳区建国路88号SOHO塔1 B座2305",
            "address",
            "北京市朝阳区建国路88号SOHO塔1 B座2305",
        ),
        (
            "Flat 12B, Tower 3, Metro City, 1 Wan Hang Road, Tseung Kwan O",
            "address",
            "Flat 12B, Tower 3, Metro City, 1 Wan Hang Road, Tseung Kwan O",
        ),
    ] {
        only(text, kind, words);
    }
    assert_eq!(found("A123456(4)"), []);
    assert_eq!(found("使用了使12345次"), []);
}

#[test]
fn a_small_number_alone_is_no_place() {
    assert_eq!(found("经度 误差 0.002"), []);
    assert_eq!(found("纬度 0.002"), []);
    let both = found("经度：116.4074，纬度：39.9042");
    assert_eq!(both.len(), 2, "{both:?}");
}
