#include "adapters/sample/names.h"

namespace signpost::adapters::sample {
namespace {

constexpr WeightedName kBritishFemale[] = {
    {"Emily", 30},   {"Olivia", 34},   {"Chloe", 26},  {"Megan", 16},   {"Jessica", 30},
    {"Sophie", 28},  {"Lucy", 22},     {"Grace", 24},  {"Ruby", 22},    {"Amelia", 28},
    {"Ella", 22},    {"Mia", 20},      {"Lily", 24},   {"Evie", 20},    {"Hannah", 16},
    {"Katie", 14},   {"Holly", 15},    {"Leah", 12},   {"Abigail", 14}, {"Charlotte", 20},
    {"Isabelle", 9}, {"Ellie", 16},    {"Paige", 9},   {"Courtney", 5}, {"Shannon", 4},
    {"Bethany", 8},  {"Caitlin", 7},   {"Niamh", 6},   {"Rhiannon", 3}, {"Siân", 2},
    {"Zoë", 4},      {"Phoebe", 11},   {"Poppy", 14},  {"Daisy", 13},   {"Keira", 8},
    {"Kayleigh", 4}, {"Georgia", 10},  {"Summer", 8},  {"Skye", 5},     {"Anna-Marie", 2},
    {"Rebecca", 9},  {"Catherine", 4}, {"Kathryn", 3}, {"Eloise", 6},   {"Demi", 3},
};
constexpr WeightedName kBritishMale[] = {
    {"Jack", 38},    {"Thomas", 32},  {"Oliver", 34},  {"Joshua", 30}, {"Harry", 32},
    {"Charlie", 28}, {"Daniel", 26},  {"William", 28}, {"James", 30},  {"Alfie", 20},
    {"George", 22},  {"Samuel", 20},  {"Joseph", 20},  {"Callum", 14}, {"Ethan", 20},
    {"Luke", 16},    {"Lewis", 14},   {"Connor", 11},  {"Jake", 14},   {"Liam", 14},
    {"Ryan", 14},    {"Tyler", 12},   {"Kieran", 7},   {"Jamie", 11},  {"Kyle", 7},
    {"Aaron", 10},   {"Owen", 9},     {"Rhys", 8},     {"Declan", 5},  {"Ciarán", 2},
    {"Bradley", 8},  {"Reece", 6},    {"Corey", 5},    {"Dylan", 13},  {"Nathan", 14},
    {"Matthew", 16}, {"Michael", 13}, {"Sean", 6},     {"Shaun", 4},   {"Stephen", 4},
    {"Steven", 3},   {"Philip", 3},   {"Geoffrey", 1}, {"Mason", 12},  {"Logan", 11},
};
constexpr WeightedName kBritishSurnames[] = {
    {"Smith", 40},    {"Jones", 34},      {"Taylor", 26},    {"Brown", 25},    {"Williams", 23},
    {"Wilson", 20},   {"Johnson", 20},    {"Davies", 18},    {"Robinson", 17}, {"Wright", 16},
    {"Thompson", 16}, {"Evans", 15},      {"Walker", 15},    {"White", 14},    {"Roberts", 14},
    {"Green", 14},    {"Hall", 14},       {"Wood", 13},      {"Jackson", 13},  {"Clarke", 13},
    {"Clark", 6},     {"Hughes", 12},     {"Edwards", 12},   {"Hill", 11},     {"Turner", 11},
    {"Moore", 11},    {"Cooper", 10},     {"Ward", 10},      {"Harris", 10},   {"Morris", 9},
    {"Baker", 9},     {"Carter", 8},      {"Parker", 8},     {"Mitchell", 8},  {"Shaw", 8},
    {"Bailey", 8},    {"Marshall", 7},    {"Richardson", 7}, {"Simpson", 7},   {"Murphy", 7},
    {"Ellis", 6},     {"Murray", 6},      {"Graham", 6},     {"Stevens", 5},   {"Stephenson", 4},
    {"Fletcher", 5},  {"Holmes", 5},      {"Barnes", 5},     {"Hudson", 4},    {"Atkinson", 4},
    {"Hodgson", 3},   {"Thwaite", 1},     {"O'Connor", 3},   {"O'Neill", 3},   {"McDonald", 4},
    {"MacDonald", 3}, {"Gallagher", 3},   {"Byrne", 2},      {"Llewellyn", 2}, {"Pritchard", 2},
    {"Ashworth", 2},  {"Braithwaite", 2}, {"Garside", 1},    {"Hepworth", 1},  {"Ramsbottom", 1},
    {"Ogden", 1},     {"Whittaker", 2},   {"Whitaker", 1},   {"Reid", 4},      {"Reed", 3},
};
constexpr WeightedName kSouthAsianMuslimFemale[] = {
    {"Aisha", 20}, {"Fatima", 20},  {"Zainab", 15}, {"Maryam", 17}, {"Amina", 14}, {"Khadija", 12},
    {"Hafsa", 10}, {"Sumaiya", 8},  {"Iqra", 8},    {"Zara", 10},   {"Noor", 7},   {"Safiya", 7},
    {"Nadia", 5},  {"Rukhsana", 3}, {"Shabana", 2}, {"Humaira", 5}, {"Tahira", 3}, {"Ayesha", 9},
};
constexpr WeightedName kSouthAsianMuslimMale[] = {
    {"Mohammed", 40}, {"Muhammad", 34}, {"Mohammad", 14}, {"Ibrahim", 16}, {"Yusuf", 13},
    {"Hamza", 15},    {"Bilal", 9},     {"Adam", 12},     {"Hassan", 10},  {"Usman", 8},
    {"Zain", 8},      {"Imran", 5},     {"Tariq", 4},     {"Faisal", 4},   {"Haroon", 5},
    {"Abdullah", 10}, {"Ismail", 7},    {"Ahmed", 9},     {"Danyal", 4},   {"Rehan", 4},
};
constexpr WeightedName kSouthAsianMuslimSurnames[] = {
    {"Khan", 34},    {"Hussain", 28}, {"Ahmed", 22}, {"Ali", 22},      {"Begum", 12},
    {"Akhtar", 9},   {"Mahmood", 10}, {"Iqbal", 9},  {"Malik", 8},     {"Shah", 8},
    {"Miah", 8},     {"Rahman", 9},   {"Uddin", 6},  {"Chowdhury", 5}, {"Bibi", 5},
    {"Rashid", 4},   {"Aslam", 4},    {"Mirza", 3},  {"Butt", 3},      {"Choudhry", 2},
    {"Siddiqui", 3}, {"Qureshi", 3},
};
constexpr WeightedName kIndianFemale[] = {
    {"Simran", 12}, {"Jasmine", 12}, {"Priya", 11},   {"Harpreet", 8}, {"Manpreet", 6},
    {"Anjali", 8},  {"Kiran", 6},    {"Riya", 9},     {"Diya", 6},     {"Navneet", 4},
    {"Meera", 5},   {"Pooja", 5},    {"Jaspreet", 6}, {"Isha", 5},
};
constexpr WeightedName kIndianMale[] = {
    {"Arjun", 12},   {"Gurpreet", 7}, {"Harjit", 4}, {"Rohan", 10}, {"Aman", 8},
    {"Dev", 5},      {"Karan", 7},    {"Jaspal", 3}, {"Nikhil", 6}, {"Ravi", 5},
    {"Sukhdeep", 4}, {"Jay", 7},      {"Anand", 3},  {"Vikram", 4},
};
constexpr WeightedName kIndianSurnames[] = {
    {"Patel", 30}, {"Singh", 30},  {"Kaur", 24},  {"Sharma", 8}, {"Shah", 6},  {"Gill", 7},
    {"Mistry", 5}, {"Dhillon", 4}, {"Sandhu", 4}, {"Joshi", 4},  {"Desai", 3}, {"Chauhan", 4},
    {"Rai", 3},    {"Bhatt", 2},   {"Parmar", 4}, {"Kumar", 5},
};
constexpr WeightedName kEasternEuropeanFemale[] = {
    {"Zofia", 9},   {"Julia", 10},  {"Maja", 7},   {"Oliwia", 8}, {"Wiktoria", 9},
    {"Natalia", 8}, {"Kinga", 3},   {"Emilia", 6}, {"Hanna", 6},  {"Gabija", 3},
    {"Ioana", 5},   {"Andreea", 4}, {"Elena", 6},  {"Nikola", 4}, {"Katarína", 2},
};
constexpr WeightedName kEasternEuropeanMale[] = {
    {"Jakub", 12}, {"Kacper", 9}, {"Szymon", 6}, {"Filip", 8},   {"Mateusz", 6},
    {"Dawid", 6},  {"Oskar", 6},  {"Paweł", 4},  {"Łukasz", 4},  {"Andrei", 6},
    {"Marius", 3}, {"Ionuț", 3},  {"Lukas", 5},  {"Dominik", 6}, {"Mihai", 3},
};
constexpr WeightedName kEasternEuropeanSurnames[] = {
    {"Nowak", 12},    {"Kowalski", 7},   {"Kowalska", 7},    {"Wiśniewski", 4},
    {"Wójcik", 6},    {"Kamiński", 4},   {"Lewandowska", 4}, {"Zieliński", 3},
    {"Szymański", 3}, {"Mazur", 5},      {"Popescu", 6},     {"Ionescu", 4},
    {"Popa", 5},      {"Stan", 3},       {"Kazlauskas", 3},  {"Petrauskaitė", 2},
    {"Novák", 3},     {"Horváthová", 2}, {"Dumitru", 3},     {"Krawczyk", 3},
};
constexpr WeightedName kSomaliFemale[] = {
    {"Hodan", 6}, {"Ayaan", 7}, {"Sahra", 7}, {"Ifrah", 6}, {"Fartun", 4}, {"Hibo", 5},
    {"Amal", 5},  {"Ladan", 3}, {"Salma", 5}, {"Rahma", 6}, {"Selam", 4},  {"Ghazal", 2},
};
constexpr WeightedName kSomaliMale[] = {
    {"Abdi", 8},     {"Abdirahman", 8}, {"Liban", 5},  {"Guled", 4}, {"Mahad", 4}, {"Yonis", 4},
    {"Zakariya", 6}, {"Ayub", 5},       {"Bashir", 3}, {"Dawit", 4}, {"Yonas", 4}, {"Khalid", 5},
};
constexpr WeightedName kSomaliSurnames[] = {
    {"Abdi Hassan", 4}, {"Mohamed", 12}, {"Warsame", 5}, {"Farah", 8},  {"Jama", 6},  {"Osman", 7},
    {"Hersi", 3},       {"Nur", 6},      {"Yusuf", 6},   {"Aden", 5},   {"Duale", 3}, {"Tesfay", 4},
    {"Haile", 4},       {"Omar Ali", 3}, {"Ibrahim", 6}, {"Abukar", 3},
};
constexpr WeightedName kAfricanCaribbeanFemale[] = {
    {"Destiny", 6}, {"Chantelle", 4}, {"Shanice", 5}, {"Blessing", 6}, {"Precious", 5},
    {"Naomi", 8},   {"Adaeze", 3},    {"Ama", 3},     {"Temitope", 3}, {"Esther", 6},
    {"Tiana", 5},   {"Jada", 5},      {"Amara", 6},   {"Grace", 6},
};
constexpr WeightedName kAfricanCaribbeanMale[] = {
    {"Emmanuel", 8}, {"David", 9},  {"Jordan", 9},    {"Kwame", 4},   {"Chidi", 3},
    {"Tyrone", 4},   {"Marcus", 7}, {"Isaiah", 7},    {"Malachi", 6}, {"Kofi", 4},
    {"Tunde", 3},    {"Jerome", 5}, {"Nathaniel", 7}, {"Samuel", 7},
};
constexpr WeightedName kAfricanCaribbeanSurnames[] = {
    {"Campbell", 8}, {"Francis", 6}, {"Okafor", 5},  {"Mensah", 5}, {"Adeyemi", 5}, {"Grant", 5},
    {"Boateng", 4},  {"Owusu", 4},   {"Joseph", 5},  {"Gordon", 5}, {"Bello", 3},   {"Kamara", 4},
    {"Nwosu", 3},    {"Osei", 4},    {"Samuels", 4}, {"Powell", 4}, {"Mukasa", 2},  {"Moyo", 3},
};
constexpr WeightedName kOtherFemale[] = {
    {"Mei", 4}, {"Leyla", 6}, {"Yara", 5},  {"Shirin", 4}, {"Beatriz", 4},
    {"Thi", 3}, {"Dilan", 3}, {"Sofia", 8}, {"Zahra", 6},  {"Xin Yi", 2},
};
constexpr WeightedName kOtherMale[] = {
    {"Omar", 7},  {"Reza", 4}, {"Emre", 4},  {"Diogo", 4},   {"Wei", 4},
    {"Baran", 3}, {"Minh", 3}, {"Karim", 5}, {"Jun Jie", 2}, {"Rafael", 5},
};
constexpr WeightedName kOtherSurnames[] = {
    {"Chen", 6},       {"Wong", 5},      {"Nguyen", 6}, {"Silva", 6},
    {"dos Santos", 3}, {"Yılmaz", 3},    {"Ahmadi", 5}, {"Karimi", 4},
    {"Hosseini", 4},   {"Al-Hassan", 3}, {"Haddad", 3}, {"Ferreira", 4},
    {"Li", 5},         {"Aydin", 3},     {"Rasul", 3},  {"Tran", 4},
};

}  // namespace

const std::vector<NameGroup>& NameGroups() {
  static const auto* const groups = new std::vector<NameGroup>{
      {"british", 66, kBritishFemale, kBritishMale, kBritishSurnames},
      {"south-asian-muslim", 12, kSouthAsianMuslimFemale, kSouthAsianMuslimMale,
       kSouthAsianMuslimSurnames},
      {"indian", 5, kIndianFemale, kIndianMale, kIndianSurnames},
      {"eastern-european", 6, kEasternEuropeanFemale, kEasternEuropeanMale,
       kEasternEuropeanSurnames},
      {"somali-east-african", 4, kSomaliFemale, kSomaliMale, kSomaliSurnames},
      {"african-caribbean", 5, kAfricanCaribbeanFemale, kAfricanCaribbeanMale,
       kAfricanCaribbeanSurnames},
      {"other", 2, kOtherFemale, kOtherMale, kOtherSurnames},
  };
  return *groups;
}

}  // namespace signpost::adapters::sample
