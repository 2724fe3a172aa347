//! Chinese addresses from the province to the door, names before ordinary words, medicines, firms.

use super::detect::{found, nothing, of, only};

#[test]
fn an_address_goes_on_behind_an_estate_of_any_name() {
    for estate in [
        "碧桂园天玺",
        "融创壹号院",
        "恒大御景",
        "汤臣一品",
        "保利心语",
        "金茂悦",
        "绿地海珀",
        "东方曼哈顿",
        "中海紫御豪庭",
    ] {
        for tail in ["13幢2-1302", "6栋603室", "6号楼1单元603", "3座1802房"] {
            let address = format!("徐汇区漕溪北路471号{estate}{tail}");
            assert_eq!(of("address", &format!("客户住址为{address}，请尽快上门。")), [address]);
        }
    }
    // What somebody does there is no estate.
    let text = "上海市徐汇区漕溪北路471号住户投诉3号楼太吵";
    assert_eq!(of("address", text), ["上海市徐汇区漕溪北路471号"]);
}

#[test]
fn blanks_part_no_address() {
    for address in [
        "河南省郑州市金水区花园路 39 号院 2 号楼 1 单元 8 号",
        "上海市徐汇区漕溪北路 471 弄 5 号 603 室",
        "北京市 海淀区 中关村东路 1 号院 8 号楼 1203",
        "北京市\u{3000}海淀区\u{3000}中关村东路\u{3000}1\u{3000}号院",
        "浙江省 杭州市 西湖区 文三路 478号 华星时代广场 A座 1203室",
        "杭州市西湖区文三路478 号3 幢 2 单元 502 室",
        "上海市浦东新区世纪大道100号环球金融中心 35 层",
        "山东省青岛市市北区 台东三路 66号 1号楼2单元601户",
        "河南省周口市太康县逊母口镇李寨村 23 号",
    ] {
        only(&format!("住址：{address}"), "address", address);
    }
    nothing("address", "北京市 频道 上海市 数据中心");
    nothing("address", "江苏省 5 号文件");
    assert_eq!(of("address", "杭州市西湖区文三路12号 2024年3月5日"), ["杭州市西湖区文三路12号"]);
    assert_eq!(
        of("address", "杭州市文三路12号 杭州市文二路3号"),
        ["杭州市文三路12号", "杭州市文二路3号"]
    );
}

#[test]
fn villages_second_doors_and_traditional_characters() {
    for address in [
        "安徽省阜阳市临泉县谭棚镇韦周行政村小韦庄32号",
        "黑龙江省绥化市兰西县榆林镇林盛村后张屯",
        "福建省莆田市仙游县枫亭镇海安村城内208号",
        "四川省凉山彝族自治州昭觉县解放乡火普村2社",
        "甘肃省临夏州东乡县锁南镇马场村马场社42号",
        "云南省昭通市镇雄县以勒镇毛坝村民委员会水井湾村民小组18号",
        "西藏自治区日喀则市桑珠孜区江当乡江当村",
        "广州市天河区体育东横街19号之二801房",
        "广州市天河区体育东横街19号之十二",
        "北京市海淀区学院路37号北航家属院201楼3门502号",
        "香港九龙旺角弥敦道610号荷里活商业中心12楼1208室",
        "台北市大安區忠孝東路四段223巷69號5樓之2",
    ] {
        only(&format!("住{address}。"), "address", address);
    }
    for text in ["海淀区3门课程", "上海市2队员", "香港九龙的夜景", "水井湾村民"]
    {
        nothing("address", text);
    }
}

#[test]
fn a_name_of_two_characters_ends_before_ordinary_words() {
    for name in ["王雪", "刘彬", "张玲", "李强", "徐辉"] {
        for (front, behind) in [
            ("患者", "诉头痛三天"),
            ("邻床", "诉夜间吵闹"),
            ("", "诉胸闷气短，予吸氧"),
            ("", "昨天来过柜台"),
            ("是", "吗？"),
            ("", "拟于明日手术"),
            ("", "自述无过敏史"),
            ("", "认为处理不公"),
            ("", "涉嫌诈骗"),
            ("", "账号被锁"),
            ("", "携身份证前来"),
            ("", "借了五千元"),
            ("", "找客服投诉"),
            ("", "每月还款两千元"),
            ("", "持证件办理"),
            ("", "的账户被冻结"),
        ] {
            let text = format!("{front}{name}{behind}");
            assert_eq!(of("person", &text), [name], "{text}: {:?}", found(&text));
        }
    }
    for text in [
        "原告诉称被告拖欠货款。",
        "向法院起诉后方能执行。",
        "成本账户与单位账户要分开。",
        "请问方便吗？",
        "方案昨天已经提交，项目今天启动。",
        "管理员认为应当重启服务。",
        "专家认为该药安全。",
        "车辆明天年检，路况今天良好。",
        "单据借出后应及时归还。",
    ] {
        nothing("person", text);
    }
}

#[test]
fn medicines_and_findings_are_nobody() {
    for word in [
        "何首乌",
        "杜仲",
        "陈皮",
        "桑白皮",
        "谷精草",
        "徐长卿",
        "秦皮",
        "郁李仁",
        "王不留行",
        "元胡",
        "田七",
        "艾叶",
        "桑叶",
        "桑寄生",
        "高良姜",
        "温郁金",
        "路路通",
        "刘寄奴",
        "马钱子",
        "马勃",
        "余甘子",
        "安息香",
        "夏枯草",
        "秦艽",
        "辛夷",
        "乌梅",
        "胡黄连",
        "郁金",
        "苏木",
    ] {
        for text in [format!("处方：{word}10g，水煎服。"), format!("{word}、甘草各6克")]
        {
            nothing("person", &text);
        }
    }
    for text in
        ["患者张力性气胸", "小柴胡汤加减", "孔源性视网膜脱离", "患者史可靠", "诊断：强阳性。"]
    {
        nothing("person", text);
    }
    // Whom a label calls so is somebody all the same.
    assert_eq!(of("person", "姓名：杜仲"), ["杜仲"]);
}

#[test]
fn firms_of_partners_and_hospitals_with_a_name_of_their_own() {
    for (text, firm) in [
        ("抬头博雅律师事务所", "博雅律师事务所"),
        ("立信会计师事务所（特殊普通合伙）审计", "立信会计师事务所（特殊普通合伙）"),
        ("委托北京市金杜律师事务所代理", "北京市金杜律师事务所"),
        ("开户：中科瑞和股份有限公司", "中科瑞和股份有限公司"),
        ("在中科瑞和科技有限公司", "中科瑞和科技有限公司"),
        ("到瑞金医院三楼", "瑞金医院"),
        ("在协和医院住院", "协和医院"),
    ] {
        only(text, "organization", firm);
    }
    for text in ["各地医院", "个人和公司", "学校和医院都关门了", "律师事务所"]
    {
        nothing("organization", text);
    }
}
