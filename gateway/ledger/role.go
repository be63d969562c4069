package ledger

// Role is what an account is for. The chart maps a role to the code and name
// that an area's books print; the rules speak of roles only.
type Role string

// The roles of the fund's set: assets, liabilities, balance, income, expenditure.
const (
	Income         Role = "income"
	FiscalSpecial  Role = "fiscal_special"
	FixedDeposit   Role = "fixed_deposit"
	Expenditure    Role = "expenditure"
	Treasury       Role = "treasury"
	InTransit      Role = "in_transit"
	Investment     Role = "entrusted_investment"
	Suspense       Role = "suspense"
	Borrowing      Role = "borrowing"
	FundBalance    Role = "fund_balance"
	Contribution   Role = "contribution_individual"
	CollectiveAid  Role = "contribution_collective"
	SubsidyBase    Role = "subsidy_base_pension"
	SubsidyAccount Role = "subsidy_contribution"
	// SubsidyOther is a subsidy whose purpose nobody stated: no split is invented.
	SubsidyOther     Role = "subsidy_unspecified"
	InterestIncome   Role = "interest_income"
	InvestmentIncome Role = "investment_income"
	TransferIn       Role = "transfer_in"
	RemittanceIn     Role = "remittance_in"
	OtherIncome      Role = "other_income"
	BenefitBase      Role = "benefit_base_pension"
	BenefitAccount   Role = "benefit_account_pension"
	BenefitFuneral   Role = "benefit_funeral_grant"
	BenefitOneOff    Role = "benefit_one_off"
	TransferOut      Role = "transfer_out"
	RemittanceOut    Role = "remittance_out"
	OtherExpenditure Role = "other_expenditure"
)

// The roles of the memorandum set: the four parts of the personal accounts
// against their control account.
const (
	PersonalControl    Role = "personal_control"
	PersonalIndividual Role = "personal_individual"
	PersonalCollective Role = "personal_collective"
	PersonalSubsidy    Role = "personal_subsidy"
	PersonalInterest   Role = "personal_interest"
)

// Set is one of the two groups of accounts in which an entry balances by itself.
type Set string

// The two sets.
const (
	FundSet       Set = "fund"
	MemorandumSet Set = "memo"
)

// Set returns the set that the role belongs to.
func (r Role) Set() Set {
	switch r { //nolint:exhaustive // every role that is not a personal one is the fund's
	case PersonalControl, PersonalIndividual, PersonalCollective, PersonalSubsidy, PersonalInterest:
		return MemorandumSet
	default:
		return FundSet
	}
}

// AtBank says that the role is money at a bank: a posting on it names its fund account.
func (r Role) AtBank() bool {
	switch r { //nolint:exhaustive // the other roles are no bank accounts
	case Income, FiscalSpecial, FixedDeposit, Expenditure, Treasury:
		return true
	default:
		return false
	}
}

// Account is one line of the chart of accounts.
type Account struct {
	Role    Role
	Code    string
	Chinese string
	English string
	// Normal is the side on which the account's balance stands.
	Normal Side
}

// DefaultChart is the chart that an area starts with; an area overrides codes
// and names by dated rows of its own. Codes 1004, 1101, 2001, 2101 and 5001
// follow 财会〔2017〕28号, the others are usual practice.
func DefaultChart() []Account {
	return []Account{
		{Income, "1002", "收入户存款", "income account deposit", Debit},
		{FiscalSpecial, "1003", "财政专户存款", "fiscal special account deposit", Debit},
		{FixedDeposit, "100302", "财政专户定期存款", "fiscal special fixed deposit", Debit},
		{Expenditure, "1004", "支出户存款", "expenditure account deposit", Debit},
		{Treasury, "1005", "国库存款", "treasury deposit", Debit},
		{InTransit, "1101", "暂付款", "advances paid, in transit", Debit},
		{Investment, "1202", "委托投资", "entrusted investment", Debit},
		{Suspense, "2001", "暂收款", "suspense receipts", Credit},
		{Borrowing, "2101", "借入款项", "borrowings", Credit},
		{FundBalance, "3001", "基金结余", "fund balance", Credit},
		{Contribution, "400101", "个人缴费收入", "individual contributions", Credit},
		{CollectiveAid, "400102", "集体补助收入", "collective aid", Credit},
		{SubsidyBase, "400201", "财政补贴收入(基础养老金)", "subsidy for base pensions", Credit},
		{SubsidyAccount, "400202", "财政补贴收入(缴费补贴)", "subsidy for contributions", Credit},
		{SubsidyOther, "400209", "财政补贴收入(未分用途)", "subsidy, purpose not stated", Credit},
		{InterestIncome, "4003", "利息收入", "interest income", Credit},
		{InvestmentIncome, "4004", "委托投资收益", "investment income", Credit},
		{TransferIn, "4005", "转移收入", "transfers in", Credit},
		{RemittanceIn, "4006", "上级补助(下级上解)收入", "remittances received", Credit},
		{OtherIncome, "4009", "其他收入", "other income", Credit},
		{BenefitBase, "500101", "基础养老金支出", "base pensions", Debit},
		{BenefitAccount, "500102", "个人账户养老金支出", "personal-account pensions", Debit},
		{BenefitFuneral, "500103", "丧葬补助金支出", "funeral grants", Debit},
		{BenefitOneOff, "500104", "个人账户一次性支出", "personal accounts paid out", Debit},
		{TransferOut, "5002", "转移支出", "transfers out", Debit},
		{RemittanceOut, "5003", "上解上级(补助下级)支出", "remittances made", Debit},
		{OtherExpenditure, "5009", "其他支出", "other expenditure", Debit},
		{PersonalControl, "8000", "个人账户备查总账", "personal accounts, control", Debit},
		{PersonalIndividual, "8001", "个人账户(个人缴费)", "personal accounts, individual", Credit},
		{PersonalCollective, "8002", "个人账户(集体补助)", "personal accounts, collective", Credit},
		{PersonalSubsidy, "8003", "个人账户(政府补贴)", "personal accounts, subsidy", Credit},
		{PersonalInterest, "8004", "个人账户(利息)", "personal accounts, interest", Credit},
	}
}

// Scheme is a social insurance scheme; each keeps books of its own.
type Scheme string

// The schemes.
const (
	// Resident is the urban and rural resident pension, from 2014.
	Resident Scheme = "resident"
	// Rural is the new rural pension, before the two were merged.
	Rural Scheme = "rural"
	// Urban is the urban resident pension, before the two were merged.
	Urban Scheme = "urban"
	// LandLost is the allowance of land-lost farmers, a fund of its own.
	LandLost Scheme = "land_lost"
)

// Valid says that the scheme is one of the four.
func (s Scheme) Valid() bool {
	switch s {
	case Resident, Rural, Urban, LandLost:
		return true
	}
	return false
}
