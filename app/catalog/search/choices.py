"""What people say for the choices of the search, and the words around what they look for.

Plain data, folded (`folding.normalise`); a Chinese word is also understood by its pinyin.
"""

from __future__ import annotations

MODES: dict[str, tuple[str, ...]] = {
    "day": ("白天", "白天班", "日班", "全日制", "脱产", "daytime"),
    "evening": (
        "晚上", "晚间", "晚班", "晚间班", "夜校", "夜班", "下班后", "下了班", "业余", "evening", "evenings",
    ),
    "weekend": (
        "周末", "周末班", "周六", "周日", "周六日", "周六周日", "星期六", "星期天", "星期日", "礼拜六", "礼拜天",
        "双休", "双休日", "节假日", "周未", "weekend", "weekends", "saturday", "sunday",
    ),
    "online": ("网课", "线上", "在线", "网上", "网络课", "线上课", "远程", "直播课", "在家学", "online"),
    "blended": ("混合", "线上线下", "线上线下结合", "线上加线下", "blended", "hybrid"),
}  # fmt: skip
LEVELS: dict[int, tuple[str, ...]] = {
    5: ("五级", "5级", "五级工", "初级", "初级工", "初级证", "level 5", "junior"),
    4: ("四级", "4级", "四级工", "中级", "中级工", "中级证", "level 4", "intermediate"),
    3: ("三级", "3级", "三级工", "高级", "高级工", "高级证", "level 3", "advanced", "senior"),
    2: ("二级", "2级", "二级技师", "技师", "技师证"),
    1: ("一级", "1级", "一级技师", "高级技师", "高级技师证"),
}
SHORTAGE = ("紧缺", "急需", "急需紧缺", "紧缺急需", "紧缺工种", "紧缺职业", "紧缺目录", "急缺", "缺人", "shortage",
            "in demand", "in-demand")  # fmt: skip
FREE = (
    "免费", "免费学", "免学费", "不花钱", "不用花钱", "不要钱", "不要学费", "不收费", "不收钱", "零学费", "白学",
    "政府补贴", "有补贴", "补贴", "free", "free of charge", "for free", "no fee", "subsidised", "subsidized",
)  # fmt: skip
SOON = (
    "30天内", "三十天内", "一个月内", "1个月内", "近期", "最近", "马上", "马上开班", "近期开班", "最近开班",
    "尽快", "尽快开班", "快开班", "即将开班", "即将开课", "这几天", "这周", "本周", "下周", "这个星期", "下个星期",
    "这星期", "下星期", "月底前", "soon", "this week", "next week", "starting soon",
)  # fmt: skip
THIS_MONTH = ("这个月", "本月", "这月", "当月", "月底", "这个月底", "本月底", "this month")
YEAR_END = ("年底", "年底前", "年前", "end of the year")
NEXT_MONTH = ("下个月", "下月", "下个月初", "下月初", "next month")

MONTHS_EN = (
    ("january", "jan"), ("february", "feb"), ("march", "mar"), ("april", "apr"), ("may",), ("june", "jun"),
    ("july", "jul"), ("august", "aug"), ("september", "sept", "sep"), ("october", "oct"), ("november", "nov"),
    ("december", "dec"),
)  # fmt: skip
MONTHS_ZH = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")

# Said around what is looked for, and nothing to look for: everything here is training, somewhere, for someone.
FILLERS = frozenset(
    """
    的 了 和 与 或 及 跟 我 俺 咱 你 您 他 她 想 学 要 找 在 有 吗 呢 啊 吧 呀 嘛 哦 个 一个 这 那 能 会 可 给
    把 被 是 不 去 来 到 考 当 做 干 搞 办 报 报个 教 上 就 都 也 还 哪 啥 多 少 么 谁 几 为 对 从 用 让 带 想要
    要找 一下 一门 一种 我想 我要 想学 我想学 我要学 想学个 学个 学一下 学一门 学点 学会 学学 学习 自学 想考
    想当 想做 想干 想报 想找 想去 怎么 怎样 如何 怎么学 怎么考 怎么报名 怎么办 如何报名 哪里 哪儿 哪有 哪里有
    哪儿有 哪家 哪个 哪个好 哪家好 哪种 哪些 在哪 在哪里 在哪儿 有没有 有吗 有什么 什么 什么样 是不是 能不能
    可不可以 可以 能学 能够 好不好 好学吗 难吗 难不难 多少 多少钱 多久 多长时间 几天 费用 学费 价格 价钱 收费
    便宜 报名 报名费 报考 招生 招人 招聘 开班 开课 开学 上课 时间 时候 什么时候 几点 电话 地址 地点 条件 要求
    流程 需要 需要什么 推荐 请问 求 求推荐 谢谢 你好 您好 帮我 帮忙 培训 培训班 培训课 培训机构 培训学校 学校
    机构 班 课 课程 教程 技术 技能 手艺 本事 专业 职业 行业 工种 岗位 工作 活 活儿 的活 的活儿 上班 就业 找工作
    挣钱 赚钱 好找工作 转行 从事 上岗 上岗证 证 证书 考证 考试 拿证 取证 资格证 等级证 职业资格 证件 县城 县里
    城里 附近 离我近 离家近 就近 周边 周围 身边 本地 当地 这边 这里 家门口 全部 所有 任何 一些 速成 速成班 入门
    零基础 没基础 没有基础 基础 新手 小白 相关 类 方面 有关 关于 方向 正规 靠谱 正规的 好的 最好 比较好 女 男
    女的 男的 女人 男人 女生 男生 妇女 大姐 大妈 农民 农民工 下岗 失业 待业 再就业 没事 没事干 闲着 全职妈妈 中年
    四十岁 五十岁 年龄 年纪 岁 家里 在家
    想开 开个 想开个 没文化 文化 农村妇女 农村 宝妈 妈妈 村民 学生 毕业生 大学生 退役军人 军人 残疾人 下岗职工
    失业人员 职工 员工 师傅 老师 老板 认定 鉴定 等级 考核 复审 复训 特种作业 操作证 特种 一个月 半个月 几个月
    以后 之后 之前 明年 今年 春节 年后 寒假 暑假 寒假班 暑假班 长期 短期 短期班 快速 专门 详细 介绍 帮 忙 教学
    老人家 照顾 伺候
    """.split()  # noqa: SIM905
)
FILLERS_EN = frozenset(
    """
    a an the i im we you want wanted would like love to learn learning study take get find looking look for in
    on at of and or with near nearby me my course courses class classes training school schools lesson lessons
    program programme programmes programs certificate certificates certification certified license licence job
    jobs work become becoming be how what where which is are any some can do does there please help good best
    cheap skill skills vocational beginner beginners city district county
    """.split()  # noqa: SIM905
)
# Courses are titled so: in a piece of text with such a word a level or a time of day is part of the title.
TITLE_WORDS = frozenset({
    "课程", "技能", "技能培训", "岗位", "就业", "提升", "提升班", "专项", "专项能力", "能力", "上岗班",
    "实训班", "方向",
})  # fmt: skip
# Words of English trade names that tell little beside another: a forklift operator is a forklift driver.
GENERIC_EN = frozenset(
    """
    operator operators worker workers maker makers driver drivers technician technicians specialist specialists
    installer installers repairer repairers assembler assemblers adjuster adjusters manager managers
    administrator attendant assistant servant person staff professional
    """.split()  # noqa: SIM905
)
SUFFIXES = "证师员工班匠课活手"  # one character that may follow a word without changing what is meant: 推拿师

# Other names of places, by code; the names themselves, with and without 区县市, are known from the regions.
PLACES: dict[str, tuple[str, ...]] = {
    "130107": ("矿区", "井陉矿"),
    "130171": ("高新区", "高新", "高新开发区", "石家庄高新区", "high-tech zone", "hi-tech zone"),
    "130172": ("循环化工园区", "循环化工园", "化工园区", "chemical park"),
}
CITY = ("河北", "河北省", "全市", "本市", "市里", "市区", "全河北", "hebei")  # the whole city narrows nothing
KINDS = (
    "职业培训学校", "职业技术培训学校", "职业技能培训学校", "技能培训学校", "培训学校", "职业技术学校",
    "职业技术学院", "职业学院", "职业学校", "职业中学", "职业中专", "中等专业学校", "高级技工学校", "技工学校",
    "技师学院", "就业训练中心", "就业培训中心", "职业培训中心", "技能培训中心", "培训中心", "职教中心",
    "职业教育中心", "实训基地", "实训中心", "学院", "学校", "中心", "有限责任公司", "有限公司", "公司",
)  # fmt: skip
